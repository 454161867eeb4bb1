"""How long a test waits for what is to come before it calls it a hang."""

PATIENCE_S = 120
"""Far more than it takes on a machine that is busy, or stands still for a while."""
PATIENCE_MS = 1000 * PATIENCE_S
