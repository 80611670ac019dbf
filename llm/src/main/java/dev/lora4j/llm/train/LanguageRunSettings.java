package dev.lora4j.llm.train;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.lora.config.ConfigWriter;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.nn.Parameter;
import dev.lora4j.train.RunSettings;

/** The settings of a language model's run that a resumed run must share. */
final class LanguageRunSettings {
  private LanguageRunSettings() {}

  /**
   * Returns the settings of a job.
   *
   * @param steps steps of the whole run
   */
  static RunSettings of(TrainingJob job, long steps) {
    TrainingArguments arguments = job.settings();
    LoraConfig config = job.model().config(job.adapter()).anyBaseModel(); // it may be moved
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    RecordedArguments.put(json, arguments, job.workers());
    job.objective().settings().forEach(json::put);
    json.put("data_sha256", DataDigest.of(job.objective().examples())).put("steps", steps);
    json.set("adapter", ConfigWriter.json(config));
    json.put("adapter_parameters", parameters(job));
    json.put("base_sha256", job.model().fingerprint().sha256());
    return new RunSettings(json, RecordedArguments.formerTexts(arguments, config));
  }

  private static long parameters(TrainingJob job) {
    return job.model().parameters(job.adapter()).stream().mapToLong(Parameter::numel).sum();
  }
}
