# The front door. `make help` lists the targets; docs/contract.md and README.md say what is behind them.

.DEFAULT_GOAL := help
.SUFFIXES:
MAKEFLAGS += --no-print-directory

# The first Python that is new enough; `make PYTHON=...` chooses another for a new .venv.
ifndef PYTHON
PYTHON := $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
  "$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && break; done)
endif

VENV := .venv/bin/python
quote = '$(subst ','\'',$(1))'
# $(call flag,env,ENV): `--env=...` where ENV is set; $(call switch,quick,QUICK): `--quick`, but not for 0.
flag = $(if $($(2)),--$(1)=$(call quote,$($(2))))
switch = $(if $(filter-out 0,$($(2))),--$(1))
harness = @$(VENV) -m harness

.PHONY: help
help: ## list the targets
	@echo 'usage: make TARGET [VARIABLE=value ...]'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | while IFS='|' read -r target text; do \
	  printf '  %-15s %s\n' "$$target" "$$text"; done

.PHONY: setup
setup: ## install everything into .venv, build both libraries: [BACKENDS=jax needs no Rust]
	@test -n '$(PYTHON)' || { echo 'setup: missing: Python 3.11 or later (python3)' >&2; exit 2; }
	@$(PYTHON) tools/setup.py $(call flag,backends,BACKENDS) $(call flag,env,ENV)

.PHONY: setup-trainers
setup-trainers: setup ## setup, and what the tests of the trainers' adapters need (several GB)
	@$(PYTHON) tools/setup.py --trainers
	@$(VENV) -m tools.fetch_trainers

.PHONY: bench
bench: setup ## measure: ENV=pong|halfcheetah|pokemon|gameboy [KIND=random|ppo] [BATCH=256,4096] [BACKENDS=rust,jax] [BASELINES=mjx,envpool] [VARIANT=default] [NETWORK=6K,100K,2M, of ppo] [QUICK=1]
	$(harness) bench $(call flag,env,ENV) $(call flag,kind,KIND) $(call flag,batch,BATCH) \
	  $(call flag,backends,BACKENDS) $(call flag,baselines,BASELINES) $(call flag,variant,VARIANT) \
	  $(call flag,network,NETWORK) $(call switch,quick,QUICK) $(call switch,publish,PUBLISH)

.PHONY: verify
verify: setup ## prove the same: ENV=pong|halfcheetah|pokemon|gameboy [LEVEL=1|2|3] [EPISODES=100] [SEED=0] [BACKENDS=rust,jax] [AGAINST=rust] [VARIANT=default] [SHARD=k/n]
	$(harness) verify $(call flag,env,ENV) $(call flag,level,LEVEL) $(call flag,episodes,EPISODES) \
	  $(call flag,seed,SEED) $(call flag,backends,BACKENDS) $(call flag,against,AGAINST) $(call flag,variant,VARIANT) $(call flag,shard,SHARD) \
	  $(call switch,redo,REDO) $(call switch,publish,PUBLISH) $(call switch,require-oracle,REQUIRE_ORACLE) $(call switch,without-oracle,WITHOUT_ORACLE)

.PHONY: train
train: setup ## train a policy with PPO: ENV=pong|halfcheetah|pokemon BACKEND=rust|jax|reference [SEED=0] [SEEDS=1] [STEPS=1000000] [RESUME=1] [ARGS='--learning-rate 1e-3']
	@$(VENV) -m ppo $(call flag,env,ENV) $(call flag,backend,BACKEND) $(call flag,seed,SEED) $(call flag,num-seeds,SEEDS) \
	  $(call flag,steps,STEPS) $(call flag,resume,RESUME) $(call switch,publish,PUBLISH) $(ARGS)

.PHONY: transfer
transfer: setup ## score policies trained on one implementation on all of them: [ENV=pong] [EPISODES=1000] [SEED=0] [BACKENDS=rust,jax] [ACTIONS=drawn|greedy] [CHECKPOINT=FILE] [RETRAIN=1 [SEEDS=5] [STEPS=1000000]]
	@$(VENV) -m transfer $(call flag,env,ENV) $(call flag,episodes,EPISODES) $(call flag,seed,SEED) $(call flag,backends,BACKENDS) \
	  $(call flag,actions,ACTIONS) $(call flag,checkpoint,CHECKPOINT) $(call switch,retrain,RETRAIN) $(call flag,seeds,SEEDS) $(call flag,steps,STEPS) $(call switch,publish,PUBLISH)

.PHONY: replay
replay: setup ## reproduce a difference that verify found: FILE=results/verify/failures/....json
	$(harness) replay $(call quote,$(FILE))

.PHONY: mutants
mutants: setup ## count the planted bugs that the tests catch: ENV=pong|halfcheetah|pokemon|gameboy [SAMPLE=300] [SHARD=k/n]
	$(harness) mutants $(call flag,env,ENV) $(call flag,sample,SAMPLE) $(call flag,shard,SHARD) $(call flag,backends,BACKENDS) \
	  $(call switch,redo,REDO) $(call switch,publish,PUBLISH)

.PHONY: coverage
coverage: setup ## tell which lines of the Rust rules verify's episodes reach: ENV=pokemon [EPISODES=20000] [SEED=0]
	$(harness) coverage $(call flag,env,ENV) $(call flag,episodes,EPISODES) $(call flag,seed,SEED) $(call switch,publish,PUBLISH)

.PHONY: lockstep
lockstep: setup ## prove the Game Boy equal to PyBoy frame by frame: [FRAMES=100000] [ROMS=folder,...] [GENERATED=1000] [SEED=0] [SHARD=k/n] [PUBLISH=1]
	$(harness) lockstep $(call flag,frames,FRAMES) $(call flag,roms,ROMS) $(call flag,generated,GENERATED) $(call flag,seed,SEED) \
	  $(call flag,shard,SHARD) $(call switch,redo,REDO) $(call switch,publish,PUBLISH)

.PHONY: report
report: setup ## write results/report/index.html with all results: [ENV=pong,halfcheetah] [OPEN=1] [WANDB=0]
	$(harness) report $(call flag,env,ENV) $(call switch,open,OPEN) $(if $(filter 0,$(WANDB)),--no-wandb)

.PHONY: new
new: setup ## write a skeleton: ENV=name or BACKEND=name
	$(harness) new $(call flag,env,ENV) $(call flag,backend,BACKEND)

.PHONY: consts
consts: setup ## generate the backends' constants from the specs
	$(harness) consts

.PHONY: test
test: setup ## lints and all tests, as .ci/run does
	@$(VENV) tools/run_tests.py

.PHONY: lint
lint: setup ## lints alone
	@$(VENV) tools/run_tests.py lint

.PHONY: sanitize
sanitize: setup ## run the Rust code under Valgrind, its tests and its module inside JAX: [PARTS=tests,module]
	@$(VENV) tools/sanitize.py $(call flag,parts,PARTS)

.PHONY: lock
lock: setup ## compile requirements/*.in into locks, anew with UPGRADE=1
	@$(VENV) tools/lock.py $(call switch,upgrade,UPGRADE)
