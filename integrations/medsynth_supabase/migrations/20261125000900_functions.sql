-- Who may call what in the schema medsynth: only what policies and the functions of the API need.

revoke all on all functions in schema medsynth from public, anon, authenticated, service_role;
grant execute on function
  medsynth.projects_as, medsynth.public_projects, medsynth.is_any, medsynth.has_consent, medsynth.shows_now,
  medsynth.may_revoke, medsynth.sample_of, medsynth.may_see_object, medsynth.may_send_object,
  medsynth.is_publishers_object
  to anon, authenticated, service_role;
grant execute on function medsynth.status_of to authenticated, service_role;
