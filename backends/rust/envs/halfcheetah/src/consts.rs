//! Generated from references/halfcheetah/spec.py by `python -m harness consts`; do not edit.
#![allow(clippy::excessive_precision)]

pub const TIMESTEP: f64 = 0.01;
pub const GRAVITY: f64 = 9.81;
pub const NUM_BODIES: i32 = 7;
#[rustfmt::skip]
pub const BODY_PARENT: [i32; 7] = [
    -1,
    0,
    1,
    2,
    0,
    4,
    5,
];
#[rustfmt::skip]
pub const BODY_X: [f64; 7] = [
    0.0,
    -0.5,
    0.16,
    -0.28,
    0.5,
    -0.14,
    0.13,
];
#[rustfmt::skip]
pub const BODY_Z: [f64; 7] = [
    0.7,
    0.0,
    -0.25,
    -0.14,
    0.0,
    -0.24,
    -0.18,
];
#[rustfmt::skip]
pub const BODY_COM_X: [f64; 7] = [
    0.15238987816307403,
    0.1,
    -0.14,
    0.03,
    -0.07,
    0.065,
    0.045,
];
#[rustfmt::skip]
pub const BODY_COM_Z: [f64; 7] = [
    0.025398313027179008,
    -0.13,
    -0.07,
    -0.097,
    -0.12,
    -0.09,
    -0.07,
];
#[rustfmt::skip]
pub const BODY_MASS: [f64; 7] = [
    6.25020920502092,
    1.5435146443514645,
    1.5874476987447697,
    1.0953974895397491,
    1.4380753138075317,
    1.200836820083682,
    0.8845188284518829,
];
#[rustfmt::skip]
pub const BODY_INERTIA: [f64; 7] = [
    0.897117688111749,
    0.01684433958158996,
    0.018267419079497912,
    0.0063524232635983275,
    0.013739643347280341,
    0.008222108619246861,
    0.003529109456066946,
];
#[rustfmt::skip]
pub const BODY_INVWEIGHT: [f64; 7] = [
    0.06415751945610272,
    0.09691101560963138,
    0.12720922534654552,
    0.24374928349017175,
    0.0814837948136707,
    0.1319968179007737,
    0.2661441029233887,
];
#[rustfmt::skip]
pub const DOF_ARMATURE: [f64; 9] = [
    0.0,
    0.0,
    0.0,
    0.1,
    0.1,
    0.1,
    0.1,
    0.1,
    0.1,
];
#[rustfmt::skip]
pub const DOF_DAMPING: [f64; 9] = [
    0.0,
    0.0,
    0.0,
    6.0,
    4.5,
    3.0,
    4.5,
    3.0,
    1.5,
];
#[rustfmt::skip]
pub const DOF_INVWEIGHT: [f64; 9] = [
    0.10673572816871127,
    0.08459229161068711,
    0.41634706198577376,
    2.729788644884893,
    5.893248984162904,
    8.894877004054676,
    3.0813926054768768,
    6.882795962275771,
    9.468134962769764,
];
#[rustfmt::skip]
pub const JOINT_STIFFNESS: [f64; 9] = [
    0.0,
    0.0,
    0.0,
    240.0,
    180.0,
    120.0,
    180.0,
    120.0,
    60.0,
];
#[rustfmt::skip]
pub const JOINT_LOW: [f64; 6] = [
    -0.52,
    -0.785,
    -0.4,
    -1.0,
    -1.2,
    -0.5,
];
#[rustfmt::skip]
pub const JOINT_HIGH: [f64; 6] = [
    1.05,
    0.785,
    0.785,
    0.7,
    0.87,
    0.5,
];
#[rustfmt::skip]
pub const MOTOR_GEAR: [f64; 6] = [
    120.0,
    90.0,
    60.0,
    120.0,
    60.0,
    30.0,
];
pub const CONTROL_LOW: f64 = -1.0;
pub const CONTROL_HIGH: f64 = 1.0;
pub const NUM_ENDS: i32 = 16;
#[rustfmt::skip]
pub const END_BODY: [i32; 16] = [
    0,
    0,
    0,
    0,
    1,
    1,
    2,
    2,
    3,
    3,
    4,
    4,
    5,
    5,
    6,
    6,
];
#[rustfmt::skip]
pub const END_X: [f64; 16] = [
    -0.5,
    0.5,
    0.7146493405538257,
    0.4853506594461742,
    0.18871939418669426,
    0.011280605813305769,
    -0.27446086117273405,
    -0.005539138827266005,
    0.004927244951249875,
    0.05507275504875012,
    -0.003914941666783009,
    -0.136085058333217,
    0.005147897820126264,
    0.12485210217987375,
    0.005475026862347528,
    0.08452497313765248,
];
#[rustfmt::skip]
pub const END_Z: [f64; 16] = [
    1.1102230246251565e-16,
    -1.1102230246251565e-16,
    0.19672398208600017,
    0.0032760179139998263,
    -0.2446903182275904,
    -0.015309681772409586,
    -0.13648516234985636,
    -0.003514837650143668,
    -0.006405535741606308,
    -0.1875944642583937,
    -0.004580049102872574,
    -0.23541995089712742,
    -0.0025144248195741042,
    -0.1774855751804259,
    -0.012226506956322526,
    -0.1277734930436775,
];
pub const CAPSULE_RADIUS: f64 = 0.046;
pub const FRICTION: f64 = 0.4;
pub const CONTACT_STIFFNESS: f64 = 3906.2499999999995;
pub const CONTACT_DAMPING: f64 = 125.0;
pub const CONTACT_DMIN: f64 = 0.0001;
pub const CONTACT_DMAX: f64 = 0.8;
pub const CONTACT_WIDTH: f64 = 0.01;
pub const LIMIT_STIFFNESS: f64 = 3906.2499999999995;
pub const LIMIT_DAMPING: f64 = 125.0;
pub const LIMIT_DMIN: f64 = 0.0001;
pub const LIMIT_DMAX: f64 = 0.8;
pub const LIMIT_WIDTH: f64 = 0.03;
pub const SOLVER_TOLERANCE: f64 = 1e-08;
pub const SOLVER_ITERATIONS: i32 = 100;
pub const LINESEARCH_TOLERANCE: f64 = 0.01;
pub const LINESEARCH_ITERATIONS: i32 = 50;
pub const MINVAL: f64 = 1e-15;
pub const MAXVAL: f64 = 10000000000.0;
pub const SLOT_POSITION: u32 = 0;
pub const SLOT_VELOCITY: u32 = 9;
pub const VERSION: u32 = 1;
pub const LAYOUT_ID: u32 = 0x0036b566;
pub const STATE_BYTES: usize = 240;
