"""Readers: data sets from a folder, a CSV file, the Hugging Face library, and files of many formats."""
