"""Evaluation: is it real, is the anatomy kept, is it private, does it leak?"""
