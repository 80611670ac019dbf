package dev.lora4j.llm.dataset;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import dev.lora4j.data.RowFormat;
import dev.lora4j.data.RowText;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Path;
import java.util.Set;

/**
 * The rows of JSON Lines files, and of JSON files that hold an array, several objects, or an object
 * with an array {@code data}. The content decides, not the file's extension.
 */
final class JsonRows implements RowFormat {
  private static final JsonFactory JSON =
      new JsonFactoryBuilder()
          .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS) // as Python writes them
          .disable(JsonWriteFeature.WRITE_NAN_AS_STRINGS)
          .build();
  private static final String WRAPPER = "data";
  private static final int LOOKAHEAD = 8192;

  @Override
  public Set<String> endings() {
    return Set.of("jsonl", "ndjson", "json");
  }

  @Override
  public void read(Path file, RowConsumer rows) {
    try (BufferedReader text = RowText.open(file)) {
      if (RowFormat.ending(file).equals("json") || !hasRowPerLine(text)) {
        readValues(file, text, rows);
      } else {
        readLines(file, text, rows);
      }
    } catch (CharacterCodingException e) {
      throw new CorruptFile(file, "it is not UTF-8 text", e);
    } catch (IOException e) {
      throw new UserError("cannot read " + file + ": " + e, e);
    }
  }

  /** Returns true unless the file begins with an array or a pretty-printed object. */
  private static boolean hasRowPerLine(BufferedReader text) throws IOException {
    text.mark(LOOKAHEAD);
    char[] buffer = new char[LOOKAHEAD];
    String beginning = new String(buffer, 0, Math.max(0, text.read(buffer))).stripLeading();
    text.reset();
    return !beginning.startsWith("[") && !beginning.matches("(?s)\\{[ \t\r]*\n.*");
  }

  private static void readLines(Path file, BufferedReader text, RowConsumer rows)
      throws IOException {
    long row = 0;
    long number = 1;
    for (String line = text.readLine(); line != null; line = text.readLine(), number++) {
      if (line.isBlank()) {
        continue;
      }
      try (JsonParser parser = JSON.createParser(line)) {
        parser.nextToken();
        copy(parser);
        if (parser.nextToken() != null) {
          throw new CorruptFile(file, "line " + number + ": more than one JSON value on a line");
        }
      } catch (JsonProcessingException e) {
        throw invalid(file, number, e);
      }
      if (!rows.accept(++row, line)) {
        return;
      }
    }
  }

  /** Reads the elements of arrays, and values that follow each other. */
  private static void readValues(Path file, BufferedReader text, RowConsumer rows)
      throws IOException {
    try (JsonParser parser = JSON.createParser(text)) {
      boolean inArray = false;
      long row = 0;
      for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
        if (!inArray && token == JsonToken.START_ARRAY) {
          inArray = true;
        } else if (inArray && token == JsonToken.END_ARRAY) {
          inArray = false;
        } else if (!inArray && row == 0 && token == JsonToken.START_OBJECT) {
          String object = copyUnlessWrapper(parser);
          if (object.isEmpty()) {
            readWrapped(parser, rows);
            return;
          } else if (!rows.accept(++row, object)) {
            return;
          }
        } else if (!rows.accept(++row, copy(parser))) {
          return;
        }
      }
    } catch (JsonProcessingException e) {
      throw invalid(file, e.getLocation() == null ? 1 : e.getLocation().getLineNr(), e);
    }
  }

  /** Reads the array {@code data}, at whose first element the parser is. */
  private static void readWrapped(JsonParser parser, RowConsumer rows) throws IOException {
    long row = 0;
    for (JsonToken token = parser.currentToken();
        token != null && token != JsonToken.END_ARRAY;
        token = parser.nextToken()) {
      if (!rows.accept(++row, copy(parser))) {
        return;
      }
    }
    while (parser.nextToken() != null) {
      parser.skipChildren(); // the other fields of the object
    }
  }

  /** Returns the value at the parser's position as JSON text, with numbers exactly as they are. */
  private static String copy(JsonParser parser) throws IOException {
    return copy(parser, false);
  }

  /**
   * Returns the object, or an empty text for one with an array of objects {@code data}; the parser
   * is then at its first element.
   */
  private static String copyUnlessWrapper(JsonParser parser) throws IOException {
    return copy(parser, true);
  }

  private static String copy(JsonParser parser, boolean findsWrapper) throws IOException {
    StringWriter text = new StringWriter();
    try (JsonGenerator generator = JSON.createGenerator(text)) {
      boolean wrapper = false;
      int depth = 0;
      do {
        JsonToken token = parser.currentToken();
        if (wrapper && depth == 2 && token == JsonToken.START_OBJECT) {
          return "";
        } else if (depth == 1 && token == JsonToken.FIELD_NAME) {
          wrapper = findsWrapper && parser.currentName().equals(WRAPPER);
        }
        generator.copyCurrentEventExact(parser);
        depth += token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
      } while (depth > 0 && parser.nextToken() != null);
    }
    return text.toString();
  }

  private static CorruptFile invalid(Path file, long line, JsonProcessingException e) {
    return new CorruptFile(file, "line " + line + ": not valid JSON: " + e.getOriginalMessage(), e);
  }
}
