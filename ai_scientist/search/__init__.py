"""The tree search. Knows no model and no agent: operators and evaluators are handed to it."""
