"""One file a role: what is asked, what an answer is, and the prompt."""
