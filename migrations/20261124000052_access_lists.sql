-- Groups and users that are gone leave the access lists of templates. From now on they do so
-- when they are deleted.
UPDATE templates t
SET group_acl = (SELECT coalesce(jsonb_object_agg(given.key, given.value), '{}')
                 FROM jsonb_each(t.group_acl) given
                 WHERE EXISTS (SELECT 1 FROM groups g WHERE g.id::text = given.key))
WHERE EXISTS (SELECT 1 FROM jsonb_object_keys(t.group_acl) given
              WHERE NOT EXISTS (SELECT 1 FROM groups g WHERE g.id::text = given));

UPDATE templates t
SET user_acl = (SELECT coalesce(jsonb_object_agg(given.key, given.value), '{}')
                FROM jsonb_each(t.user_acl) given
                WHERE EXISTS (SELECT 1 FROM users u WHERE u.id::text = given.key AND NOT u.deleted))
WHERE EXISTS (SELECT 1 FROM jsonb_object_keys(t.user_acl) given
              WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.id::text = given AND NOT u.deleted));
