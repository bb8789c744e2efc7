"""Learning gates, the backbone frozen: recipes, what they learn from, and who runs them."""
