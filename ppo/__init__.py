"""PPO over every implementation of every environment; see ppo.py."""
