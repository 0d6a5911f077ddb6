"""Verdicts of experiments, addressed by their keys."""


def failing(verdicts):
    """Return the keys of the verdicts that do not hold."""
    return {verdict.key for verdict in verdicts if not verdict.holds}
