"""Servers of other makes than the one that most system tests meet, each with settings that are right and wrong."""
