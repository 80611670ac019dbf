package dev.lora4j.serve.jobs.upload;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.UserError;
import dev.lora4j.io.Unreadable;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * The check of an uploaded file, line by line, as OpenAI checks it.
 *
 * @param examples number of lines that are not blank
 * @param problems number of problems
 * @param listed the first problems, each with its line
 */
public record TrainingFileCheck(long examples, long problems, List<String> listed) {
  private static final int MAX_LISTED = 20;
  private static final int MAX_CHARACTERS = 400; // of a problem, which may quote the line
  private static final int MAX_LINE = 16 << 20;
  private static final int MAX_DEPTH = 64;
  private static final JsonMapper JSON =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(MAX_DEPTH)
                          .maxStringLength(MAX_LINE)
                          .build())
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  /**
   * Checks a file.
   *
   * @param rules throw a {@link UserError} for a wrong example
   * @param minExamples the smallest number of examples
   */
  public static TrainingFileCheck of(Path file, Consumer<ObjectNode> rules, int minExamples) {
    Reader reader = new Reader(rules);
    reader.read(file);
    if (reader.examples < minExamples && reader.problems.isEmpty()) {
      reader.problem(
          "the file has %,d example%s; at least %d are needed"
              .formatted(reader.examples, reader.examples == 1 ? "" : "s", minExamples));
    }
    return new TrainingFileCheck(reader.examples, reader.count, reader.problems);
  }

  /**
   * Passes each example of a valid file to a consumer.
   *
   * @throws UserError if a line is not valid
   */
  static void forEach(Path file, Consumer<ObjectNode> examples) {
    Reader reader = new Reader(examples);
    reader.read(file);
    if (!reader.problems.isEmpty()) {
      throw new UserError(reader.problems.get(0));
    }
  }

  /** All problems in one sentence. */
  public String message() {
    String all = String.join("; ", listed);
    return problems > listed.size()
        ? "%s; and %,d more".formatted(all, problems - listed.size())
        : all;
  }

  private static final class Reader {
    private final Consumer<ObjectNode> consumer;
    private final List<String> problems = new ArrayList<>();
    private long count;
    private long examples;
    private long line;

    Reader(Consumer<ObjectNode> consumer) {
      this.consumer = consumer;
    }

    void read(Path file) {
      try (InputStream in = Files.newInputStream(file)) {
        byte[] buffer = new byte[1 << 16];
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
          int from = 0;
          for (int i = 0; i < n; i++) {
            if (buffer[i] == '\n') {
              append(text, buffer, from, i);
              take(text);
              from = i + 1;
            }
          }
          append(text, buffer, from, n);
        }
        take(text);
      } catch (IOException e) {
        throw Unreadable.because(file, e);
      }
    }

    private static void append(ByteArrayOutputStream text, byte[] buffer, int from, int to) {
      if (text.size() <= MAX_LINE) {
        text.write(buffer, from, to - from);
      }
    }

    private void take(ByteArrayOutputStream text) {
      line++;
      byte[] bytes = text.toByteArray();
      text.reset();
      if (new String(bytes, 0, Math.min(bytes.length, MAX_LINE), UTF_8).isBlank()) {
        return;
      }
      examples++;
      try {
        consumer.accept(object(bytes));
      } catch (UserError e) {
        problem("line %,d: %s".formatted(line, e.getMessage()));
      }
    }

    private ObjectNode object(byte[] bytes) {
      if (bytes.length > MAX_LINE) {
        throw new UserError("the line is longer than " + MAX_LINE + " bytes");
      }
      try {
        JsonNode row = JSON.readTree(bytes);
        if (row instanceof ObjectNode object) {
          return object;
        }
        throw new UserError("expected a JSON object");
      } catch (JsonProcessingException e) {
        throw new UserError("not valid JSON: " + e.getOriginalMessage(), e);
      } catch (IOException e) {
        throw new UserError("not a text in UTF-8: " + e.getMessage(), e);
      }
    }

    void problem(String sentence) {
      count++;
      if (problems.size() < MAX_LISTED) {
        boolean fits = sentence.length() <= MAX_CHARACTERS;
        problems.add(fits ? sentence : sentence.substring(0, MAX_CHARACTERS) + "…");
      }
    }
  }
}
