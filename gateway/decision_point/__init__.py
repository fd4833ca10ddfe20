"""Answers programs that ask what somebody may do, by the rules and stages that decide requests."""
