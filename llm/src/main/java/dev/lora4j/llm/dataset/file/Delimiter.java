package dev.lora4j.llm.dataset.file;

import dev.lora4j.CorruptFile;
import dev.lora4j.data.RowFormat;
import java.io.BufferedReader;
import java.io.IOException;
import java.util.List;

/** Detects the delimiter of a csv file in its header. */
final class Delimiter {
  private static final char COMMA = ',';
  private static final List<Character> OTHERS = List.of(';', '\t', '|');

  private Delimiter() {}

  /**
   * Returns the tab for a tsv file. For other files, returns the comma if the header contains one
   * or no delimiter at all, else the delimiter that it contains.
   *
   * @throws CorruptFile if the header has several
   */
  static char of(TextFile file) {
    if (RowFormat.ending(file.path()).equals("tsv")) {
      return '\t';
    }
    String header = file.read(Delimiter::header).replaceAll("\"[^\"]*\"", "");
    List<Character> found = OTHERS.stream().filter(c -> header.indexOf(c) >= 0).toList();
    if (header.indexOf(COMMA) >= 0 || found.isEmpty()) {
      return COMMA;
    } else if (found.size() > 1) {
      throw new CorruptFile(
          file.path(),
          "header: expected one delimiter, found %s; separate cells by commas".formatted(found));
    }
    return found.get(0);
  }

  private static String header(BufferedReader text) throws IOException {
    String line = text.readLine();
    while (line != null && line.isEmpty()) {
      line = text.readLine();
    }
    return line == null ? "" : line;
  }
}
