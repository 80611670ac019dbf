package dev.lora4j.llm.task.predict;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.UserError;
import dev.lora4j.io.AtomicFile;
import dev.lora4j.llm.dataset.TextData;
import dev.lora4j.llm.encoder.TokenSequence;
import dev.lora4j.llm.task.LabelNames;
import dev.lora4j.llm.task.TextTask;
import dev.lora4j.llm.task.data.TaskFile;
import dev.lora4j.llm.task.data.TaskRow;
import dev.lora4j.llm.task.data.TaskTokenizer;
import dev.lora4j.llm.task.data.WordTokens;
import dev.lora4j.llm.task.model.OutputSweep;
import dev.lora4j.llm.task.score.Probabilities;
import dev.lora4j.train.Workers;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.LongConsumer;
import java.util.zip.GZIPOutputStream;

/**
 * Predicts the rows of a file into a jsonl file, some thousand rows at a time, so that files of any
 * size fit. The output appears under its name when it is complete.
 */
public final class FilePrediction {
  private static final int ROWS_AT_ONCE = 4096;
  private static final ObjectMapper JSON = new ObjectMapper();

  private final AdaptedTask task;
  private final String adapter;
  private final TextData.Options reading;
  private final Workers workers;
  private final TaskDescription description;
  private final TaskTokenizer tokenizer;
  private long rows;
  private long truncated; // sentences of words
  private long empty;

  /** Predicts with an adapter of a base. */
  public FilePrediction(
      AdaptedTask task, String adapter, TextData.Options reading, Workers workers) {
    this.task = task;
    this.adapter = adapter;
    this.reading = reading;
    this.workers = workers;
    description = task.description(adapter);
    tokenizer = task.tokenizer(adapter);
  }

  /**
   * The number of rows, of truncated texts, and of rows with an empty text.
   *
   * @param rows all rows
   */
  public record Counts(long rows, long truncated, long empty) {
    /** Warnings, one sentence each. */
    public List<String> warnings() {
      List<String> warnings = new ArrayList<>();
      if (truncated > 0) {
        warnings.add(
            String.format(
                Locale.ROOT, "%,d texts truncated to the maximum sequence length.", truncated));
      }
      if (empty > 0) {
        warnings.add(String.format(Locale.ROOT, "%,d rows with an empty text.", empty));
      }
      return warnings;
    }
  }

  /** A row, with its JSON text and its inputs. */
  @SuppressWarnings("ArrayRecordComponent") // arrays, but instances are never compared
  private record Input(String json, TaskRow row, List<TokenSequence> texts, int[] wordOf) {}

  /**
   * Predicts all rows.
   *
   * @param progress receives the number of rows of each part
   * @throws UserError if the file can't be read, or the output not be written
   */
  public Counts write(Path data, Path out, LongConsumer progress) {
    TaskFile file = TaskFile.openUnlabelled(data, description.task(), reading);
    AtomicFile.write(
        out,
        channel -> {
          OutputStream bytes = Channels.newOutputStream(channel); // whose owner closes it
          if (out.toString().toLowerCase(Locale.ROOT).endsWith(".gz")) {
            GZIPOutputStream compressed = new GZIPOutputStream(bytes);
            predict(file, compressed, progress);
            compressed.finish();
          } else {
            predict(file, bytes, progress);
          }
        });
    return new Counts(rows, truncated + tokenizer.truncated(), empty);
  }

  private void predict(TaskFile file, OutputStream bytes, LongConsumer progress)
      throws IOException {
    Writer lines = new BufferedWriter(new OutputStreamWriter(bytes, StandardCharsets.UTF_8));
    List<Input> part = new ArrayList<>();
    try {
      file.forEachRaw(
          (json, row) -> {
            part.add(input(json, row));
            if (part.size() == ROWS_AT_ONCE) {
              write(part, lines, progress);
            }
            return true;
          });
      write(part, lines, progress);
    } catch (UncheckedIOException e) {
      throw Objects.requireNonNull(e.getCause());
    }
    lines.flush();
  }

  private Input input(String json, TaskRow row) {
    empty += row.hasEmptyText() ? 1 : 0;
    List<String> texts = row.texts();
    return switch (description.task()) {
      case TOKEN_CLASSIFICATION -> {
        WordTokens tokens = WordTokens.of(texts, tokenizer);
        truncated += tokens.missing() > 0 ? 1 : 0;
        yield new Input(json, row, List.of(tokens.tokens()), tokens.wordOf());
      }
      case EMBEDDING ->
          new Input(json, row, texts.stream().map(tokenizer::tokenize).toList(), new int[0]);
      default ->
          new Input(
              json,
              row,
              List.of(
                  texts.size() == 1
                      ? tokenizer.tokenize(texts.get(0))
                      : tokenizer.tokenize(texts.get(0), texts.get(1))),
              new int[0]);
    };
  }

  /** Predicts some rows, writes them and empties the list. */
  private void write(List<Input> part, Writer lines, LongConsumer progress) {
    List<float[][]> outputs =
        new OutputSweep(task.network(), () -> task.model().using(adapter))
            .run(part.stream().map(Input::texts).toList(), workers, count -> {});
    try {
      for (int i = 0; i < part.size(); i++) {
        lines.write(JSON.writeValueAsString(line(part.get(i), outputs.get(i))));
        lines.write('\n');
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    rows += part.size();
    progress.accept(part.size());
    part.clear();
  }

  private ObjectNode line(Input input, float[][] outputs) {
    ObjectNode line = row(input);
    LabelNames labels = description.labels();
    switch (description.task()) {
      case TEXT_CLASSIFICATION, MULTI_LABEL -> {
        Prediction prediction = TextClassifier.prediction(description, outputs[0]);
        if (description.task() == TextTask.MULTI_LABEL) {
          ArrayNode likely = line.putArray("predicted_labels");
          prediction.likely().forEach(likely::add);
        } else {
          line.put("predicted_label", prediction.label());
          line.put("probability", prediction.probability());
        }
        prediction.byLabel().forEach(line.putObject("probabilities")::put);
      }
      case TEXT_REGRESSION -> line.put("predicted_value", outputs[0][0]);
      case RERANKING -> line.put("relevance", Probabilities.sigmoid(outputs[0], 1)[0]);
      case TOKEN_CLASSIFICATION -> {
        String[] names = new String[input.row().texts().size()];
        for (int token = 0; token < input.wordOf().length; token++) {
          if (input.wordOf()[token] >= 0) {
            names[input.wordOf()[token]] = labels.name(Probabilities.mostProbable(outputs[token]));
          }
        }
        ArrayNode predicted = line.putArray("predicted_tags");
        for (String name : names) {
          predicted.add(name); // null for a word after the limit
        }
      }
      case EMBEDDING -> {
        if (outputs.length == 1) {
          putVector(line.putArray("embedding"), outputs[0]);
        } else {
          ArrayNode all = line.putArray("embeddings");
          for (float[] vector : outputs) {
            putVector(all.addArray(), vector);
          }
        }
      }
    }
    return line;
  }

  private static ObjectNode row(Input input) {
    try {
      return (ObjectNode) JSON.readTree(input.json());
    } catch (JsonProcessingException e) {
      throw new UserError(input.row().location() + ": not a JSON object", e);
    }
  }

  /** Adds a vector of length 1. */
  private static void putVector(ArrayNode array, float[] vector) {
    double squares = 0;
    for (float value : vector) {
      squares += (double) value * value;
    }
    double length = Math.max(Math.sqrt(squares), 1e-12);
    for (float value : vector) {
      array.add((float) (value / length));
    }
  }
}
