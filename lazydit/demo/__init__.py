"""The demo model that is shipped with the package: weights, gates, classifier and digits."""
