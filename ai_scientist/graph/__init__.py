"""The LangGraph state machine that links the agents."""
