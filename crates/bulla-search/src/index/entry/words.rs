//! Splits texts for the index as queries split them.

use bulla::query::words;
use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

/// A tokenizer that is [`bulla::query::words`].
#[derive(Debug, Clone, Default)]
pub(crate) struct WordsTokenizer {
    /// The words of the last text, one behind the other.
    text: String,
    ends: Vec<usize>,
    token: Token,
}

impl Tokenizer for WordsTokenizer {
    type TokenStream<'a> = WordStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> WordStream<'a> {
        self.text.clear();
        self.ends.clear();
        words(text, |word| {
            self.text.push_str(word);
            self.ends.push(self.text.len());
        });
        self.token.reset();
        WordStream { words: self, next: 0, start: 0 }
    }
}

pub(crate) struct WordStream<'a> {
    words: &'a mut WordsTokenizer,
    next: usize,
    start: usize,
}

impl TokenStream for WordStream<'_> {
    fn advance(&mut self) -> bool {
        let Some(&end) = self.words.ends.get(self.next) else { return false };
        let token = &mut self.words.token;
        token.text.clear();
        token.text.push_str(&self.words.text[self.start..end]);
        token.position = self.next;
        (self.start, self.next) = (end, self.next + 1);
        true
    }

    fn token(&self) -> &Token {
        &self.words.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.words.token
    }
}
