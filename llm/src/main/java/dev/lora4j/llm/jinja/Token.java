package dev.lora4j.llm.jinja;

/**
 * A lexical token.
 *
 * @param kind its kind
 * @param text its content; strings without quotes and escapes
 * @param line line of its first character, from 1
 */
record Token(Kind kind, String text, int line) {
  enum Kind {
    TEXT,
    OPEN_PRINT,
    CLOSE_PRINT,
    OPEN_TAG,
    CLOSE_TAG,
    NAME,
    STRING,
    INTEGER,
    FLOAT,
    OPERATOR,
    END
  }

  boolean is(Kind wanted, String content) {
    return kind == wanted && text.equals(content);
  }
}
