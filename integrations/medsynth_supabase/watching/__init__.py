"""Keep both sides together until stopped: hear of news at once, and say on one line how it fares."""
