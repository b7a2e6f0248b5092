"""A running gait without feedback: every motor follows a sine of one common frequency.

The numbers were found by `python -m references.halfcheetah.search_gait` with MuJoCo 3.17.0. Twenty
episodes of 1,000 steps, begun with v5's noise, ran at 3.8 to 4.3 m/s, and none fell.
"""

from __future__ import annotations

import numpy as np

STEP_SECONDS = 0.05
"""Of one step at the default frame skip, which the gait is made for."""

FREQUENCY = 3.140  # Hz
AMPLITUDE = (0.966, 0.521, -0.096, 0.852, 0.848, 0.526)
PHASE = (0.140, 0.243, -3.899, -3.670, 3.256, 2.138)  # rad
OFFSET = (-0.212, -0.924, -0.935, -0.708, -0.641, -0.785)


def action(time: float) -> np.ndarray:
    """(6,) f32 in [-1, 1]: what the motors are told.

    Args:
        time: s since the gait began.
    """
    return sines(time, FREQUENCY, np.array(AMPLITUDE), np.array(PHASE), np.array(OFFSET))


def sines(
    time: float, frequency: float, amplitude: np.ndarray, phase: np.ndarray, offset: np.ndarray
) -> np.ndarray:
    """(6,) f32 in [-1, 1], cut off there.

    Args:
        time: s.
        frequency: Hz.
        amplitude, phase, offset: (6,) each, the phase in rad.
    """
    wave = amplitude * np.sin(2 * np.pi * frequency * time + phase) + offset
    return np.asarray(np.clip(wave, -1, 1), np.float32)
