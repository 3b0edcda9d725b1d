-- What a finding is: a lesion of an image as the row of its sample tells it.

create function medsynth.without_masks(p_findings jsonb) returns jsonb
language sql immutable set search_path = '' as $$
  select coalesce(jsonb_agg(one || '{"mask": null}' order by place), '[]')
  from jsonb_array_elements(p_findings) with ordinality as each (one, place)
$$;
comment on function medsynth.without_masks is 'Findings that name no objects.';

create function medsynth.is_finding(p_one jsonb, p_width integer, p_height integer) returns boolean
language plpgsql immutable set search_path = '' as $$
declare
  box double precision[];
begin
  if jsonb_typeof(p_one) <> 'object' then
    return false;
  end if;
  if p_one - array['lesion', 'side', 'severity', 'size_mm', 'box', 'mask'] <> '{}'
    or jsonb_typeof(p_one -> 'lesion') is distinct from 'string'
    or char_length(p_one ->> 'lesion') not between 1 and 100
    or p_one ->> 'side' not in ('right', 'left', 'both')
    or p_one ->> 'severity' not in ('mild', 'moderate', 'severe')
    or coalesce(jsonb_typeof(p_one -> 'size_mm'), 'null') not in ('number', 'null')
    or coalesce(jsonb_typeof(p_one -> 'mask'), 'null') not in ('string', 'null')
    or jsonb_path_query_array(p_one, 'strict $.box[*].type()', silent => true)
      <> '["number", "number", "number", "number"]'
  then
    return false;
  end if;
  box := array(select jsonb_array_elements_text(p_one -> 'box'));
  return coalesce((p_one ->> 'size_mm')::double precision > 0, true)
    and 0 <= box[1] and box[1] < box[3] and box[3] <= p_width
    and 0 <= box[2] and box[2] < box[4] and box[4] <= p_height;
end
$$;
comment on function medsynth.is_finding is
  'Whether a finding has the form that samples.findings has, and its box lies in the image.';
