package dev.lora4j.llm.merge;

import dev.lora4j.UserError;
import dev.lora4j.llm.checkpoint.Pretrained;
import dev.lora4j.llm.gguf.ModelFiles;
import dev.lora4j.llm.tokenizer.Tokenizer;
import dev.lora4j.llm.weights.WeightStorage;
import dev.lora4j.lora.AdapterScope;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.merge.MergeReceipt;
import dev.lora4j.lora.merge.OutputComparison;
import dev.lora4j.nn.kernel.Ops;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;

/**
 * The changes of a model's logits by a merge that rounds, measured on sample texts.
 *
 * @param merge from the base to the merged model, as it was written
 * @param rounding from the base with the adapters beside it to the merged model
 */
public record LogitReceipt(MergeReceipt merge, MergeReceipt rounding) {
  private static final int MAX_TOKENS = 64;

  /** Texts of several kinds, for merges without other samples. */
  static final List<String> SAMPLES =
      List.of(
          "The history of the city begins with a small harbour, which merchants from the north"
              + " used in summer.",
          "Question: What is the capital of France?\nAnswer:",
          "def mean(values):\n    return sum(values) / len(values)\n",
          "Dear Ms Miller, thank you for your order. We will send it");

  /**
   * Compares the base, with and without the adapters, with the merged model. One model is in memory
   * at a time, as its files store it.
   *
   * @throws UserError if the base is not a supported language model, or has no tokenizer
   */
  static LogitReceipt measure(ModelFiles files, MergeJob job, Path merged, List<String> texts) {
    List<long[]> samples = tokens(files, texts);
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      List<Tensor> plain = new ArrayList<>();
      List<Tensor> adapted = new ArrayList<>();
      try (Pretrained base = Pretrained.load(files, WeightStorage.exactlyAsStored())) {
        LoraModel model = Lora.base(base.model());
        job.adapters().forEach(adapter -> load(model, adapter, job));
        try (AdapterScope none = model.disabled()) {
          samples.forEach(ids -> plain.add(logits(base, ids)));
        }
        String[] all = model.adapterNames().toArray(String[]::new);
        try (AdapterScope active = model.using(all)) {
          samples.forEach(ids -> adapted.add(logits(base, ids)));
        }
      }
      OutputComparison merge = new OutputComparison();
      OutputComparison rounding = new OutputComparison();
      try (Pretrained written = Pretrained.load(merged, WeightStorage.exactlyAsStored())) {
        for (int i = 0; i < samples.size(); i++) {
          Tensor now = logits(written, samples.get(i));
          merge.add(plain.get(i), now);
          rounding.add(adapted.get(i), now);
        }
      }
      return new LogitReceipt(merge.receipt(), rounding.receipt());
    }
  }

  private static void load(LoraModel model, Path adapter, MergeJob job) {
    model.load("adapter" + model.adapterNames().size(), adapter, job.check());
  }

  private static List<long[]> tokens(ModelFiles files, List<String> texts) {
    if (files.read("tokenizer.json").isEmpty()) {
      throw new UserError(files.path() + " has no tokenizer");
    }
    try (Tokenizer tokenizer = Tokenizer.load(files)) {
      return texts.stream()
          .map(tokenizer::encode)
          .map(ids -> Arrays.stream(ids).limit(MAX_TOKENS).asLongStream().toArray())
          .filter(ids -> ids.length > 0)
          .toList();
    }
  }

  /** Returns the logits of all positions, {@code [1, tokens, vocabulary]}. */
  private static Tensor logits(Pretrained model, long[] ids) {
    return Ops.inScope(() -> model.model().forward(Ops.tensor(ids).unsqueeze(0)));
  }
}
