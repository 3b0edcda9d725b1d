"""The project at Supabase: where it lies, who signs in, what it answers, and what it calls a sample."""
