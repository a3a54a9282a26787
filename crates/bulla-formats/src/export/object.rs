//! Writes one JSON object into memory, member after member; values that are JSON already keep their text.

use serde::Serialize;

/// An object that is being written.
#[derive(Debug)]
pub(super) struct Object<'o> {
    out: &'o mut Vec<u8>,
    is_empty: bool,
}

impl Object<'_> {
    /// Writes an object with the members that `members` puts into it; says whether it put any.
    pub(super) fn write(out: &mut Vec<u8>, members: impl FnOnce(&mut Object<'_>)) -> bool {
        out.push(b'{');
        let mut object = Object { out: &mut *out, is_empty: true };
        members(&mut object);
        let has_members = !object.is_empty;
        out.push(b'}');
        has_members
    }

    /// A member.
    pub(super) fn put<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) {
        self.key(key);
        serde_json::to_writer(&mut *self.out, value).expect("memory takes what has a JSON form");
    }

    /// A member, when there is a value.
    pub(super) fn maybe<T: Serialize>(&mut self, key: &str, value: Option<T>) {
        if let Some(value) = value {
            self.put(key, &value);
        }
    }

    /// A member that is an object; none when nothing is put into it.
    pub(super) fn object(&mut self, key: &str, members: impl FnOnce(&mut Object<'_>)) {
        let (before, was_empty) = (self.out.len(), self.is_empty);
        self.key(key);
        if !Self::write(self.out, members) {
            self.out.truncate(before);
            self.is_empty = was_empty;
        }
    }

    /// A member that is an array of one object.
    pub(super) fn list_of_one(&mut self, key: &str, members: impl FnOnce(&mut Object<'_>)) {
        self.key(key);
        self.out.push(b'[');
        Self::write(self.out, members);
        self.out.push(b']');
    }

    fn key(&mut self, key: &str) {
        if !self.is_empty {
            self.out.push(b',');
        }
        self.is_empty = false;
        serde_json::to_writer(&mut *self.out, key).expect("memory takes a text");
        self.out.push(b':');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_stand_in_order_and_empty_objects_leave_no_trace() {
        let mut out = Vec::new();
        Object::write(&mut out, |object| {
            object.object("nothing", |_| {});
            object.put("a\"", &1);
            object.object("nothing", |object| object.object("in it", |_| {}));
            object.object("b", |object| {
                object.maybe("none", None::<u8>);
                object.put("c", "\n");
            });
            object.list_of_one("d", |_| {});
            object.maybe("e", Some(true));
        });
        assert_eq!(String::from_utf8(out).unwrap(), r#"{"a\"":1,"b":{"c":"\n"},"d":[{}],"e":true}"#);
        let mut out = Vec::new();
        Object::write(&mut out, |_| {});
        assert_eq!(out, b"{}");
    }
}
