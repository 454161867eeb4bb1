"""What some numbers say of those that were not measured: intervals, tests, sizes of effects, power."""
