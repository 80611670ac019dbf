package dev.lora4j.llm.dataset.file;

import dev.lora4j.UserError;
import dev.lora4j.data.RowFormat;
import dev.lora4j.io.Unreadable;
import java.io.StringWriter;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeSet;

/**
 * A data file, read as rows of JSON or as one text.
 *
 * @param encoding encoding of a text file unless it begins with a byte order mark; UTF-8 if empty
 * @param split the split to read, for a file that holds several; by default the training split
 */
public record DataFile(Path path, Optional<Charset> encoding, Optional<String> split) {
  private static final Set<String> JSON = Set.of("jsonl", "ndjson", "json");
  private static final Set<String> CSV = Set.of("csv", "tsv");
  private static final String PARQUET = "parquet";
  private static final String PLAIN_TEXT = "txt";

  /** Returns a file in UTF-8 without splits. */
  public static DataFile of(Path path) {
    return new DataFile(path, Optional.empty(), Optional.empty());
  }

  /** Returns the path, and the split unless it is the only one. */
  public String name() {
    return path + split.map(one -> ", split " + one).orElse("");
  }

  /** Returns whether the file is one text without rows. */
  public boolean isPlainText() {
    return ending().equals(PLAIN_TEXT);
  }

  private String ending() {
    return RowFormat.ending(path);
  }

  /**
   * Returns the splits of a JSON file; none for other files.
   *
   * @throws UserError if the file can't be read
   */
  public Splits splits() {
    requireReadable();
    return JSON.contains(ending()) ? new JsonRows(text(), split).splits() : Splits.NONE;
  }

  /**
   * Reads the rows from the first on, until {@code rows} returns false.
   *
   * @throws UserError if the file can't be read, or has an unknown extension
   * @throws dev.lora4j.CorruptFile if its content does not match its extension
   */
  public void read(RowFormat.RowConsumer rows) {
    requireReadable();
    if (JSON.contains(ending())) {
      new JsonRows(text(), split).read(rows);
    } else if (CSV.contains(ending())) {
      new CsvRows(text()).read(rows);
    } else {
      RowFormat format = format();
      if (encoding.isPresent()) {
        throw new UserError(path + ": --encoding applies to text files only");
      }
      format.read(path, rows);
    }
  }

  /** Reads a plain text, with line feeds as line ends. */
  public String readText() {
    requireReadable();
    return text()
        .read(
            text -> {
              StringWriter all = new StringWriter();
              text.transferTo(all);
              return all.toString().replace("\r\n", "\n").replace('\r', '\n');
            });
  }

  private TextFile text() {
    return new TextFile(path, encoding);
  }

  private void requireReadable() {
    if (Files.isDirectory(path)) {
      throw new UserError("cannot read " + path + ": expected a file, found a directory");
    } else if (!Files.exists(path)) {
      throw new UserError(
          "cannot read " + path + ": there is no such file" + Unreadable.nearest(path));
    } else if (!Files.isRegularFile(path) || !Files.isReadable(path)) {
      throw new UserError("cannot read " + path + ": not a regular file, or no permission");
    }
  }

  private RowFormat format() {
    TreeSet<String> endings = new TreeSet<>(JSON);
    endings.addAll(CSV);
    for (RowFormat format : ServiceLoader.load(RowFormat.class, RowFormat.class.getClassLoader())) {
      if (format.endings().contains(ending())) {
        return format;
      }
      endings.addAll(format.endings());
    }
    throw new UserError(
        path
            + ": "
            + (ending().equals(PARQUET)
                ? "reading .parquet files needs lora4j-tables on the class path"
                : "expected a file ending in " + String.join(", ", endings) + " or txt"));
  }
}
