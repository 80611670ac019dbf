package dev.lora4j.llm.task.predict;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.UserError;
import dev.lora4j.io.AtomicFile;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.llm.checkpoint.ModelConfig;
import dev.lora4j.llm.encoder.EncoderFamily;
import dev.lora4j.llm.model.ModelFamily;
import dev.lora4j.llm.task.LabelNames;
import dev.lora4j.llm.task.TextTask;
import dev.lora4j.llm.task.score.Calibration;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The task of an adapter, as the files in its directory describe it.
 *
 * @param labels names of the outputs; none for tasks without
 * @param maxTokens maximum sequence length in training; 0 if unknown
 */
public record TaskDescription(
    TextTask task, LabelNames labels, Calibration calibration, int maxTokens) {
  /** The file with the task and its calibration. */
  public static final String FILE = "task.json";

  private static final String ARCHITECTURES = "architectures";
  private static final String PROBLEM = "problem_type";
  private static final String CALIBRATION = "calibration";

  /** Returns whether a directory has an adapter for a task on texts. */
  public static boolean isAt(Path adapter) {
    return isNamed(adapter) || peftTask(adapter).filter(type -> !type.contains("LM")).isPresent();
  }

  /**
   * Returns the task of an adapter from its own directory; one of PEFT for {@code SEQ_CLS} counts
   * as a classification. Empty if it is not for a task on texts.
   */
  public static Optional<TextTask> taskAt(Path adapter) {
    Path described = adapter.resolve(FILE);
    if (Files.isRegularFile(described)) {
      return Optional.of(TextTask.named(JsonDocument.read(described).text("task", "")));
    }
    return switch (peftTask(adapter).orElse("")) {
      case "SEQ_CLS" -> Optional.of(TextTask.TEXT_CLASSIFICATION);
      case "TOKEN_CLS" -> Optional.of(TextTask.TOKEN_CLASSIFICATION);
      case "FEATURE_EXTRACTION" -> Optional.of(TextTask.EMBEDDING);
      default -> Optional.empty();
    };
  }

  /** The labels that the {@code config.json} of an adapter's directory names, if there is one. */
  static Optional<LabelNames> labelsAt(Path adapter) {
    Path own = adapter.resolve(ModelConfig.FILE);
    return Files.isRegularFile(own) ? LabelNames.in(JsonDocument.read(own)) : Optional.empty();
  }

  /**
   * Returns the task of an adapter with a head, also by the head's size: an adapter of PEFT with
   * one output ranks, unless a {@code config.json} beside it declares a regression.
   */
  public static Optional<TextTask> taskByHead(Path adapter) {
    return taskAt(adapter)
        .map(
            task ->
                task == TextTask.TEXT_CLASSIFICATION
                        && !isNamed(adapter)
                        && SavedHead.outputs(adapter).orElse(0) == 1
                    ? ofOneOutput(adapter)
                    : task);
  }

  private static TextTask ofOneOutput(Path adapter) {
    Path own = adapter.resolve(ModelConfig.FILE);
    boolean regression =
        Files.isRegularFile(own)
            && TextTask.TEXT_REGRESSION
                .problemType()
                .equals(Optional.of(JsonDocument.read(own).text(PROBLEM, "")));
    return regression ? TextTask.TEXT_REGRESSION : TextTask.RERANKING;
  }

  private static boolean isNamed(Path adapter) {
    return Files.isRegularFile(adapter.resolve(FILE));
  }

  private static Optional<String> peftTask(Path adapter) {
    Path config = adapter.resolve("adapter_config.json");
    return Files.isRegularFile(config)
        ? Optional.of(JsonDocument.read(config).node("task_type").asText(""))
            .filter(type -> !type.isEmpty() && !type.equals("null"))
        : Optional.empty();
  }

  /**
   * Returns the description with another task that PEFT's files do not tell from this one.
   *
   * @param adapter the directory, for the message
   * @throws UserError if the adapter is for another task
   */
  TaskDescription as(TextTask asked, Path adapter) {
    boolean alike =
        asked.peftType().equals(task.peftType()) && asked.hasLabels() == task.hasLabels();
    if (asked != task && (!alike || isNamed(adapter))) {
      throw new UserError(
          "--task %s: %s is an adapter for %s".formatted(asked.word(), adapter, task.word()));
    }
    return new TaskDescription(asked, labels, calibration, maxTokens);
  }

  // ---- writing ----

  /**
   * Writes {@code config.json}, which is the base's with the labels, and {@code task.json}.
   *
   * @param base the base's {@code config.json}
   */
  public void write(Path adapter, JsonDocument base) {
    ObjectNode config = base.json();
    architecture(base).ifPresent(name -> config.putArray(ARCHITECTURES).add(name));
    if (task.hasHead()) {
      (labels.size() == 0 ? LabelNames.numbered(1) : labels).putInto(config);
      task.problemType().ifPresent(type -> config.put(PROBLEM, type));
    }
    AtomicFile.write(adapter.resolve(ModelConfig.FILE), JsonDocument.bytes(config));
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("task", task.word());
    if (maxTokens > 0) {
      json.put("max_seq_length", maxTokens);
    }
    if (calibration.examples() > 0) {
      json.putObject(CALIBRATION)
          .put("temperature", calibration.temperature())
          .put("ece_before", calibration.errorBefore())
          .put("ece_after", calibration.errorAfter())
          .put("examples", calibration.examples());
    }
    AtomicFile.write(adapter.resolve(FILE), JsonDocument.bytes(json));
  }

  /** Transformers' class of the base with this task's head. */
  private Optional<String> architecture(JsonDocument base) {
    String type = base.text("model_type", "");
    String head =
        switch (task) {
          case TOKEN_CLASSIFICATION -> "ForTokenClassification";
          case EMBEDDING -> "Model";
          default -> "ForSequenceClassification";
        };
    return EncoderFamily.named(type)
        .map(EncoderFamily::className)
        .or(
            () ->
                ModelFamily.named(type)
                    .map(family -> family.architecture().replace("ForCausalLM", "")))
        .map(name -> name + head);
  }

  // ---- reading ----

  /**
   * Reads the description of an adapter, whether trained here or by PEFT.
   *
   * @param base the base's config, whose labels count if the adapter has none
   * @param outputs number of outputs of the adapter's head; 0 without one
   * @throws UserError if the adapter is for no task on texts
   */
  public static TaskDescription read(Path adapter, JsonDocument base, int outputs) {
    Path own = adapter.resolve(ModelConfig.FILE);
    JsonDocument config = Files.isRegularFile(own) ? JsonDocument.read(own) : base;
    Optional<JsonDocument> described =
        Files.isRegularFile(adapter.resolve(FILE))
            ? Optional.of(JsonDocument.read(adapter.resolve(FILE)))
            : Optional.empty();
    TextTask task =
        described
            .map(json -> TextTask.named(json.text("task", "")))
            .orElseGet(() -> inferred(adapter, config, outputs));
    LabelNames labels = task.hasLabels() ? labels(config, outputs) : new LabelNames(List.of());
    return new TaskDescription(
        task,
        labels,
        described.map(TaskDescription::calibration).orElse(Calibration.NONE),
        described.map(json -> (int) json.number("max_seq_length", 0)).orElse(0));
  }

  /** Names of the config if there is one for each output, else {@code LABEL_0} and so on. */
  private static LabelNames labels(JsonDocument config, int outputs) {
    return LabelNames.in(config)
        .filter(names -> names.size() == outputs)
        .orElseGet(() -> LabelNames.numbered(outputs));
  }

  private static TextTask inferred(Path adapter, JsonDocument config, int outputs) {
    String type = peftTask(adapter).orElse("");
    String problem = config.text(PROBLEM, "");
    return switch (type) {
      case "TOKEN_CLS" -> TextTask.TOKEN_CLASSIFICATION;
      case "FEATURE_EXTRACTION" -> TextTask.EMBEDDING;
      case "SEQ_CLS" ->
          problem.equals("multi_label_classification")
              ? TextTask.MULTI_LABEL
              : outputs == 1 ? TextTask.TEXT_REGRESSION : TextTask.TEXT_CLASSIFICATION;
      default ->
          throw new UserError(
              "%s: no adapter for a task on texts: task_type is '%s', and there is no %s"
                  .formatted(adapter, type, FILE));
    };
  }

  private static Calibration calibration(JsonDocument json) {
    JsonDocument found = json.object(CALIBRATION);
    return found.has("temperature")
        ? new Calibration(
            found.positive("temperature"),
            found.number("ece_before", 0),
            found.number("ece_after", 0),
            (long) found.number("examples", 0))
        : Calibration.NONE;
  }
}
