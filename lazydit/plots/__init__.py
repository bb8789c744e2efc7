"""Pictures of results: functions from a result to a Matplotlib figure, and how they look."""
