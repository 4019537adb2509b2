//! Markdown without its marks, for places that show plain text.

use pulldown_cmark::{Event, Parser, Tag, TagEnd};

/// The text of a Markdown document: paragraphs and list items on lines of their own.
#[must_use]
pub fn to_plain_text(markdown: &str) -> String {
    let mut plain = String::with_capacity(markdown.len());
    for event in Parser::new(markdown) {
        match event {
            Event::Text(text) | Event::Code(text) => plain.push_str(&text),
            Event::SoftBreak => plain.push(' '),
            Event::HardBreak | Event::Rule | Event::End(TagEnd::Item) => end_line(&mut plain),
            Event::Start(Tag::List(_)) if !plain.is_empty() => end_line(&mut plain),
            Event::Start(Tag::Item) => plain.push_str("- "),
            Event::End(
                TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::CodeBlock | TagEnd::List(_),
            ) => {
                end_line(&mut plain);
                plain.push('\n');
            }
            _ => {}
        }
    }
    plain.trim().to_owned()
}

fn end_line(plain: &mut String) {
    if !plain.ends_with('\n') {
        plain.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn marks_are_taken_away() {
        for (markdown, plain) in [
            ("", ""),
            ("Has no default", "Has no default"),
            ("How big the **machine** is", "How big the machine is"),
            (
                "# Title\n\nSee [the docs](https://example.com), `code`\nand *more*.",
                "Title\n\nSee the docs, code and more.",
            ),
            (
                "Choose:\n\n- one\n- two\n\nThen go.",
                "Choose:\n\n- one\n- two\n\nThen go.",
            ),
            ("a<br>b", "ab"),
        ] {
            assert_eq!(to_plain_text(markdown), plain, "{markdown}");
        }
    }

    proptest! {
        #[test]
        fn any_text_can_be_stripped(text in any::<String>()) {
            let _ = to_plain_text(&text);
        }
    }
}
