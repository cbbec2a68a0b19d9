# SPDX-License-Identifier: Apache-2.0
"""One valid input for every operation, a file for each area."""
