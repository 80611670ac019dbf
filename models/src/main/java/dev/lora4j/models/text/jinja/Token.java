package dev.lora4j.models.text.jinja;

/**
 * A piece of a template.
 *
 * @param kind what it is
 * @param text its content; a string's without quotes and escapes
 * @param line where it begins, from 1
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
