"""`python -m ai_scientist.cli` is `ai-scientist`."""

from ai_scientist.cli.main import main

if __name__ == "__main__":
    main()
