//! Files as Python's configparser reads them.
//!
//! Comments are whole lines (`#`, `;`); names of keys are without case; a line that begins further
//! right than its key goes on with that key's value; `%%` is `%`, and `%(key)s` another value of the
//! section.

/// A file, in sections.
#[derive(Debug, Default)]
pub(crate) struct Ini {
    sections: Vec<Section>,
}

/// A section.
#[derive(Debug)]
pub(crate) struct Section {
    /// As it is written.
    pub(crate) name: String,
    /// Keys in lower case, and their values.
    pub(crate) entries: Vec<(String, String)>,
}

/// What is deeper than this is a mistake, or malice.
const MAX_DEPTH: usize = 10;

impl Ini {
    /// Reads a file; an error is one line that says where.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut reader = Reader::default();
        for (at, line) in text.lines().enumerate() {
            let read = reader.line(line.trim_end());
            read.map_err(|reason| format!("line {}: {reason}", at + 1))?;
        }
        let mut ini = reader.ini;
        for section in &mut ini.sections {
            section.finish()?;
        }
        Ok(ini)
    }

    /// Whether there is such a section.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.sections.iter().any(|section| section.name == name)
    }

    /// Every section.
    pub(crate) fn sections(&self) -> &[Section] {
        &self.sections
    }
}

#[derive(Default)]
struct Reader {
    ini: Ini,
    /// How far right the last key began.
    indent: usize,
}

impl Reader {
    fn line(&mut self, line: &str) -> Result<(), String> {
        let content = line.trim_start();
        if content.starts_with(['#', ';']) {
            return Ok(());
        }
        let indent = line.len() - content.len();
        let last = self.ini.sections.last_mut();
        if let Some((_, value)) = last.and_then(|section| section.entries.last_mut())
            && (content.is_empty() || indent > self.indent)
        {
            value.push('\n');
            value.push_str(content);
            return Ok(());
        }
        match content
            .strip_prefix('[')
            .and_then(|rest| rest.split_once(']'))
        {
            _ if content.is_empty() => Ok(()),
            Some((name, _)) => self.section(name),
            None => self.entry(content, indent),
        }
    }

    fn section(&mut self, name: &str) -> Result<(), String> {
        if self.ini.has(name) {
            return Err(format!("there is a section [{name}] already"));
        }
        let name = name.to_owned();
        let entries = Vec::new();
        self.ini.sections.push(Section { name, entries });
        Ok(())
    }

    fn entry(&mut self, content: &str, indent: usize) -> Result<(), String> {
        let section = self.ini.sections.last_mut();
        let section = section.ok_or_else(|| "this is before the first [section]".to_owned())?;
        let at = content.find(['=', ':']);
        let (key, value) = at.map_or((content, ""), |at| (&content[..at], &content[at + 1..]));
        let key = key.trim().to_lowercase();
        if at.is_none() {
            return Err(format!("`{key}` has no value"));
        }
        if section.get(&key).is_some() {
            return Err(format!("`{key}` is there already"));
        }
        section.entries.push((key, value.trim().to_owned()));
        self.indent = indent;
        Ok(())
    }
}

impl Section {
    /// The value of a key, which is in lower case.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        let mut entries = self.entries.iter();
        entries
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.as_str())
    }

    fn finish(&mut self) -> Result<(), String> {
        for (_, value) in &mut self.entries {
            let end = value.trim_end().len();
            value.truncate(end);
        }
        let values = self.entries.iter();
        let values = values.map(|(key, value)| {
            let meant = self.interpolated(value, 0);
            meant.map_err(|reason| format!("[{}] {key}: {reason}", self.name))
        });
        let values: Vec<String> = values.collect::<Result<_, _>>()?;
        for (entry, value) in self.entries.iter_mut().zip(values) {
            entry.1 = value;
        }
        Ok(())
    }

    fn interpolated(&self, value: &str, depth: usize) -> Result<String, String> {
        if depth > MAX_DEPTH {
            return Err("its %(…)s lead too deep".to_owned());
        }
        let mut out = String::new();
        let mut rest = value;
        while let Some((before, after)) = rest.split_once('%') {
            out.push_str(before);
            if let Some(after) = after.strip_prefix('%') {
                out.push('%');
                rest = after;
                continue;
            }
            let named = after
                .strip_prefix('(')
                .and_then(|after| after.split_once(")s"));
            let (name, after) = named.ok_or("% stands alone; write %%")?;
            let other = self.get(&name.to_lowercase());
            let other = other.ok_or_else(|| format!("there is no `{name}` for %({name})s"))?;
            out.push_str(&self.interpolated(other, depth + 1)?);
            rest = after;
        }
        out.push_str(rest);
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "; a comment\n[net]\nBase_URL = http://a.net\nport: 8=0\n\n  # another\nomq = tcp://a\n  tcp://b\n\n[x]\nhome=/a\nempty =\nlog = %(home)s/100%%\n";

    #[test]
    fn values_are_read_as_configparser_reads_them() {
        let ini = Ini::parse(FILE).expect("read");
        let [net, x] = ini.sections() else {
            panic!("{ini:?}");
        };
        assert_eq!(net.get("base_url"), Some("http://a.net"));
        assert_eq!(net.get("port"), Some("8=0"));
        assert_eq!(net.get("omq"), Some("tcp://a\ntcp://b"));
        assert_eq!(x.get("empty"), Some(""));
        assert_eq!(x.get("log"), Some("/a/100%"));
    }

    #[test]
    fn mistakes_say_where_they_are() {
        for (file, said) in [
            ("a = 1", "line 1: this is before the first [section]"),
            ("[a]\n[a]", "line 2: there is a section [a] already"),
            ("[a]\nx = 1\nX = 2", "line 3: `x` is there already"),
            ("[a]\nword", "line 2: `word` has no value"),
            ("[a]\nx = 5%", "[a] x: % stands alone; write %%"),
            ("[a]\nx = %(x)s", "[a] x: its %(…)s lead too deep"),
        ] {
            assert_eq!(Ini::parse(file).expect_err(file), said);
        }
    }
}
