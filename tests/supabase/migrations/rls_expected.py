"""Who may see and do what: the tables that the policies are held against."""

SEEN = """
projects         anon            P
projects         stranger        P
projects         A-people        A P
projects         B-people        B P
projects         service_role    A B P

project_members  anon            -
project_members  stranger        -
project_members  reader          reader
project_members  member          reader member reviewer publisher
project_members  reviewer        reader member reviewer publisher
project_members  publisher       reader member reviewer publisher
project_members  other_reader    other_reader
project_members  other_reviewer  other_reader other_reviewer
project_members  service_role    reader member reviewer publisher other_reader other_reviewer

samples          anon            P.approved
samples          stranger        P.approved
samples          reader          A.approved A.real P.approved
samples          member          A.approved A.real P.approved
samples          reviewer        A.approved A.pending A.rejected A.withdrawn A.real P.approved
samples          publisher       A.approved A.pending A.rejected A.withdrawn A.real P.approved
samples          other_reader    B.approved P.approved
samples          other_reviewer  B.approved B.pending P.approved
samples          service_role    A.approved A.pending A.rejected A.withdrawn A.real B.approved B.pending P.approved P.pending

sample_states    anon            -
sample_states    stranger        -
sample_states    reader          -
sample_states    member          -
sample_states    reviewer        -
sample_states    publisher       A.approved A.pending A.rejected A.withdrawn A.real
sample_states    other_reader    -
sample_states    other_reviewer  -
sample_states    service_role    A.approved A.pending A.rejected A.withdrawn A.real B.approved B.pending P.approved P.pending

banks            anon            -
banks            stranger        -
banks            reader          -
banks            member          -
banks            reviewer        -
banks            publisher       A
banks            other_reader    -
banks            other_reviewer  -
banks            service_role    A B P

storage.objects  anon            P.approved/image P.approved/mask
storage.objects  stranger        P.approved/image P.approved/mask
storage.objects  reader          A.approved/image A.approved/mask A.real/image A.real/mask P.approved/image P.approved/mask
storage.objects  member          A.approved/image A.approved/mask A.real/image A.real/mask P.approved/image P.approved/mask
storage.objects  reviewer        A.approved/image A.approved/mask A.real/image A.real/mask A.pending/image A.pending/mask P.approved/image P.approved/mask
storage.objects  publisher       A.approved/image A.approved/mask A.pending/image A.pending/mask A.rejected/image A.rejected/mask A.withdrawn/image A.withdrawn/mask A.real/image A.real/mask P.approved/image P.approved/mask
storage.objects  other_reader    B.approved/image B.approved/mask P.approved/image P.approved/mask
storage.objects  other_reviewer  B.approved/image B.approved/mask B.pending/image B.pending/mask P.approved/image P.approved/mask

reviews          anon            -
reviews          stranger        -
reviews          reader          -
reviews          member          review, local review
reviews          reviewer        review, local review
reviews          publisher       review, local review
reviews          other_reader    -
reviews          other_reviewer  -
reviews          service_role    review, local review

revocations      anon            -
revocations      stranger        -
revocations      reader          -
revocations      member          local review
revocations      reviewer        local review
revocations      publisher       local review
revocations      other_reader    -
revocations      other_reviewer  -
revocations      service_role    local review

runs             anon            -
runs             stranger        -
runs             reader          -
runs             member          run
runs             reviewer        run
runs             publisher       run
runs             other_reader    -
runs             other_reviewer  -
runs             service_role    run P.run

corpora          anon            P
corpora          stranger        P
corpora          A-people        A P
corpora          B-people        B P
corpora          service_role    A B P

corpus_samples   anon            P.approved
corpus_samples   stranger        P.approved
corpus_samples   A-people        A.approved P.approved
corpus_samples   B-people        B.approved P.approved
corpus_samples   service_role    A.approved B.approved P.approved

events           anon            -
events           stranger        -
events           reader          A
events           member          A
events           reviewer        A
events           publisher       A
events           other_reader    B
events           other_reviewer  B
events           service_role    A B P
"""  # noqa: E501
"""What each role sees of each table, by label. A-people and B-people are all members of that project."""

GROUPS = {
    "A-people": ("reader", "member", "reviewer", "publisher"), "B-people": ("other_reader", "other_reviewer"),
}  # fmt: skip

KEYS = {
    "projects": "id", "project_members": "user_id", "samples": "name", "sample_states": "name",
    "banks": "project",
    "storage.objects": "name", "reviews": "id", "revocations": "review", "runs": "id", "corpora": "project",
    "corpus_samples": "sample", "events": "project",
}  # fmt: skip

DONE = """
projects         insert   service_role
projects         update   service_role
projects         delete   service_role
project_members  insert   service_role
project_members  update   service_role
project_members  delete   service_role
samples          insert   -
samples          update   publisher service_role
samples          delete   -
sample_states    insert   publisher service_role
sample_states    update   publisher service_role
sample_states    delete   -
banks            insert   publisher service_role
banks            update   publisher service_role
banks            delete   -
storage.objects  insert   publisher service_role
storage.objects  update   service_role
storage.objects  delete   publisher service_role
reviews          insert   reviewer service_role
reviews          update   -
reviews          delete   -
revocations      insert   reviewer service_role
revocations      update   -
revocations      delete   -
runs             insert   publisher service_role
runs             update   publisher service_role
runs             delete   service_role
corpora          insert   -
corpora          update   -
corpora          delete   -
corpus_samples   insert   -
corpus_samples   update   -
corpus_samples   delete   -
events           insert   -
events           update   -
events           delete   -
advance_bank     execute  publisher service_role
put_sample       execute  publisher service_role
put_run          execute  publisher service_role
put_corpus       execute  publisher service_role
"""
"""Who gets something done to project A with each verb; for everybody else it has no effect at all.

Nobody inserts a sample of which no bank has said anything, a revision without its list, or more into a list
that stands; put_sample and put_corpus do both at once."""
