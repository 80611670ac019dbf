package dev.lora4j.llm.dataset;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import dev.lora4j.data.RowFormat;
import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.StringWriter;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Set;
import java.util.zip.GZIPInputStream;

/** The rows of JSON Lines files, and of JSON files that hold an array or several objects. */
final class JsonRows implements RowFormat {
  private static final JsonFactory JSON = new JsonFactory();

  @Override
  public Set<String> endings() {
    return Set.of("jsonl", "ndjson", "json");
  }

  @Override
  public void read(Path file, RowConsumer rows) {
    try (BufferedReader text = open(file)) {
      if (RowFormat.ending(file).equals("json")) {
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
        } else if (!rows.accept(++row, copy(parser))) {
          return;
        }
      }
    } catch (JsonProcessingException e) {
      throw invalid(file, e.getLocation() == null ? 1 : e.getLocation().getLineNr(), e);
    }
  }

  private static BufferedReader open(Path file) throws IOException {
    InputStream bytes = new BufferedInputStream(Files.newInputStream(file));
    boolean gzip = file.toString().toLowerCase(Locale.ROOT).endsWith(".gz");
    return new BufferedReader(
        new InputStreamReader(gzip ? new GZIPInputStream(bytes) : bytes, UTF_8.newDecoder()));
  }

  /** Returns the value at the parser's position as JSON text, with numbers exactly as they are. */
  private static String copy(JsonParser parser) throws IOException {
    StringWriter text = new StringWriter();
    try (JsonGenerator generator = JSON.createGenerator(text)) {
      int depth = 0;
      do {
        JsonToken token = parser.currentToken();
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
