package dev.lora4j.llm.train;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.train.AdamW;
import dev.lora4j.train.RunSettings;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/** The hyperparameters of a run as {@code run.json} records them. */
public final class RecordedArguments {
  private RecordedArguments() {}

  /** Adds the hyperparameters and the number of workers. */
  public static void put(ObjectNode json, TrainingArguments arguments, int workers) {
    putLength(json.putObject("length"), arguments.length());
    putBatching(json, arguments.batching());
    putOptimizer(json.putObject("optimizer"), arguments.optimizer());
    json.putNull("lora_plus");
    arguments
        .loraPlus()
        .ifPresent(
            plus ->
                json.putObject("lora_plus")
                    .put("ratio", plus.ratio())
                    .put("embedding_rate", plus.embeddingRate()));
    json.putObject("schedule")
        .put("shape", arguments.schedule().shape().name().toLowerCase(Locale.ROOT))
        .put("warmup_steps", arguments.schedule().warmUp());
    json.put("longest_gradient", arguments.maxGradNorm());
    RunSettings.putPace(json, arguments.pace());
    json.put("seed", arguments.seed()).put("workers", workers);
  }

  private static void putLength(ObjectNode json, TrainingDuration length) {
    if (length instanceof TrainingDuration.Epochs epochs) {
      json.put("epochs", epochs.count());
    } else {
      json.put("steps", ((TrainingDuration.Steps) length).count());
    }
  }

  private static void putBatching(ObjectNode json, BatchConfig batching) {
    json.put("batch", batching.batchSize());
    json.put("accumulate", batching.gradientAccumulationSteps());
    json.put("max_tokens", batching.maxSeqLength());
    json.put("packing", batching.packed());
    json.put("checkpointing", batching.activationCheckpointing());
  }

  private static void putOptimizer(ObjectNode json, AdamW.Settings optimizer) {
    json.put("learning_rate", optimizer.learningRate());
    json.put("beta1", optimizer.beta1()).put("beta2", optimizer.beta2());
    json.put("epsilon", optimizer.epsilon()).put("weight_decay", optimizer.weightDecay());
  }

  /** Texts of the values that version 0.1.0 recorded as the text of a Java record. */
  public static Map<String, String> formerTexts(TrainingArguments arguments, LoraConfig config) {
    Map<String, String> texts = new HashMap<>();
    texts.put("length", FormerRecordText.of(arguments.length()));
    texts.put("optimizer", FormerRecordText.of(arguments.optimizer()));
    arguments.loraPlus().ifPresent(plus -> texts.put("lora_plus", FormerRecordText.of(plus)));
    texts.put("schedule", FormerRecordText.of(arguments.schedule()));
    texts.put("pace", FormerRecordText.of(arguments.pace()));
    texts.put("adapter", FormerRecordText.of(config));
    return texts;
  }
}
