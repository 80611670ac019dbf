package dev.lora4j.llm.dataset.file;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.CorruptFile;
import dev.lora4j.data.RowFormat.RowConsumer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.apache.commons.csv.CSVException;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;

/**
 * The rows of csv and tsv files with a header, by RFC 4180; lines may end with LF, CRLF or CR, and
 * empty ones are skipped. Every cell is a text.
 */
record CsvRows(TextFile file) {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String TEXT_AFTER_QUOTE =
      "text after the closing quote of a cell; double quotes inside quotes";

  void read(RowConsumer rows) {
    CSVFormat format =
        CSVFormat.RFC4180
            .builder()
            .setDelimiter(Delimiter.of(file))
            .setIgnoreEmptyLines(true)
            .get();
    file.read(text -> read(format.parse(text), rows));
  }

  /** Returns the number of rows that were read. */
  private long read(CSVParser parser, RowConsumer rows) throws IOException {
    long row = 0;
    long line = 1;
    try {
      Iterator<CSVRecord> records = parser.iterator();
      List<String> header = records.hasNext() ? header(records.next()) : List.of();
      row++;
      line = parser.getCurrentLineNumber() + 1;
      while (records.hasNext()) {
        CSVRecord cells = records.next();
        if (cells.size() != header.size()) {
          throw corrupt(row, line(parser, cells), wrongCount(header, cells));
        } else if (!rows.accept(row, json(header, cells))) {
          return row;
        }
        row++;
        line = parser.getCurrentLineNumber() + 1;
      }
      return row - 1;
    } catch (UncheckedIOException e) {
      IOException cause = Objects.requireNonNull(e.getCause());
      if (!(cause instanceof CSVException)) {
        throw cause;
      }
      throw String.valueOf(cause.getMessage()).contains("EOF")
          ? corrupt(row, line, "a quote is opened and not closed")
          : corrupt(row, parser.getCurrentLineNumber(), TEXT_AFTER_QUOTE);
    }
  }

  private CorruptFile corrupt(long row, long line, String problem) {
    String place = row == 0 ? "header" : "row " + row;
    return new CorruptFile(file.path(), "%s: %s (line %d)".formatted(place, problem, line));
  }

  /** The line where a record begins; the parser is at its end. */
  private static long line(CSVParser parser, CSVRecord record) {
    long breaks = record.stream().flatMapToInt(String::chars).filter(c -> c == '\n').count();
    return parser.getCurrentLineNumber() - breaks;
  }

  private List<String> header(CSVRecord cells) {
    List<String> names = new ArrayList<>();
    Set<String> distinct = new HashSet<>();
    for (String cell : cells) {
      String name = cell.isBlank() ? "column" + names.size() : cell.strip();
      if (!distinct.add(name)) {
        throw new CorruptFile(file.path(), "header: two columns are named " + name);
      }
      names.add(name);
    }
    return names;
  }

  private static String wrongCount(List<String> header, CSVRecord cells) {
    return "expected %d cell%s, as in the header, found %d%s"
        .formatted(
            header.size(),
            header.size() == 1 ? "" : "s",
            cells.size(),
            cells.size() > header.size() ? "; put texts with delimiters in quotes" : "");
  }

  private static String json(List<String> header, CSVRecord cells) {
    ObjectNode json = JSON.createObjectNode();
    for (int i = 0; i < header.size(); i++) {
      json.put(header.get(i), cells.get(i));
    }
    return json.toString();
  }
}
