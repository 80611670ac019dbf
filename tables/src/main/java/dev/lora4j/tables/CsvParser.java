package dev.lora4j.tables;

import java.io.IOException;
import java.io.PushbackReader;
import java.io.Reader;
import java.util.ArrayList;
import java.util.List;

/**
 * Parses delimited text by RFC 4180: a cell in double quotes may hold delimiters, line ends and
 * doubled quotes. Lines end with LF, CRLF or CR, also mixed; empty lines are skipped.
 */
final class CsvParser {
  /** A violation of the format. */
  static final class Violation extends Exception {
    private static final long serialVersionUID = 1;

    Violation(String problem) {
      super(problem);
    }
  }

  private static final int END = -1;

  private final PushbackReader text;
  private final char delimiter;

  CsvParser(Reader text, char delimiter) {
    this.text = new PushbackReader(text);
    this.delimiter = delimiter;
  }

  /** Returns the cells of the next record; no cells at the end of the text. */
  List<String> record() throws IOException, Violation {
    int first = text.read();
    while (first == '\n' || first == '\r') {
      first = text.read();
    }
    List<String> cells = new ArrayList<>();
    if (first == END) {
      return cells;
    }
    text.unread(first);
    int end = delimiter;
    while (end == delimiter) {
      StringBuilder cell = new StringBuilder();
      end = cell(cell);
      cells.add(cell.toString());
    }
    return cells;
  }

  /** Reads a cell, and returns the char after it: a delimiter, a line end or the text's end. */
  private int cell(StringBuilder cell) throws IOException, Violation {
    int c = text.read();
    if (c == '"') {
      return quoted(cell);
    }
    while (!endsCell(c)) {
      cell.append((char) c);
      c = text.read();
    }
    return c;
  }

  private int quoted(StringBuilder cell) throws IOException, Violation {
    while (true) {
      int c = text.read();
      if (c == END) {
        throw new Violation("a quote is opened and not closed");
      } else if (c != '"') {
        cell.append((char) c);
        continue;
      }
      c = text.read();
      if (endsCell(c)) {
        return c;
      } else if (c != '"') {
        throw new Violation(
            "text after the closing quote of \""
                + excerpt(cell)
                + "\"; double quotes inside quotes");
      }
      cell.append('"');
    }
  }

  private static String excerpt(StringBuilder cell) {
    return cell.length() > 40 ? "…" + cell.substring(cell.length() - 40) : cell.toString();
  }

  private boolean endsCell(int c) {
    return c == delimiter || c == '\n' || c == '\r' || c == END;
  }
}
