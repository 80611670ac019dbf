package dev.lora4j.spark.inference;

import dev.lora4j.UserError;
import dev.lora4j.llm.chat.ChatFormat;
import dev.lora4j.llm.generate.Sampling;
import dev.lora4j.llm.tokenizer.Message;
import dev.lora4j.llm.weights.WeightStorage;
import dev.lora4j.serve.engine.AdapterLease;
import dev.lora4j.serve.engine.CompletionParser;
import dev.lora4j.serve.engine.GenerationRequest;
import dev.lora4j.serve.engine.InferenceEngine;
import dev.lora4j.serve.engine.OutputRules;
import dev.lora4j.serve.engine.ServedModel;
import dev.lora4j.serve.engine.ServingLimits;
import dev.lora4j.serve.engine.TokenChoice;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Generates completions by the serving engine: all rows of a batch are submitted at once, and
 * sequences of different adapters are decoded together, those of other tasks as well.
 */
final class GeneratingModel implements RowModel {
  private static final String NAME = "the base model";
  private static final int MAX_WAITING = 1 << 20;
  private static final int SHOWN = 40; // characters of a prompt in a message
  private static final long CACHE_BYTES = 1L << 30;

  private final InferenceEngine engine;
  private final ModelSpec.CompletionSpec spec;

  private GeneratingModel(InferenceEngine engine, ModelSpec.CompletionSpec spec) {
    this.engine = engine;
    this.spec = spec;
  }

  static GeneratingModel open(ModelSpec spec, Path base, int threads) {
    int adapters = Math.max(1, spec.adapters().size());
    ServingLimits limits =
        new ServingLimits(spec.completion().batch(), MAX_WAITING, adapters, CACHE_BYTES, threads);
    ServedModel served =
        ServedModel.open(NAME, base, WeightStorage.asStored(), adapters, Optional.empty());
    try {
      spec.adapters().forEach((name, path) -> served.load(name, Path.of(path), false));
      return new GeneratingModel(InferenceEngine.start(served, limits), spec.completion());
    } catch (RuntimeException e) {
      served.close();
      throw e;
    }
  }

  @Override
  public List<Object> outputs(List<TextInput> rows) {
    List<RowCompletion> submitted = new ArrayList<>();
    try {
      for (TextInput row : rows) {
        submitted.add(submit(row));
      }
      List<Object> texts = new ArrayList<>();
      submitted.forEach(completion -> texts.add(completion.await()));
      return texts;
    } catch (RuntimeException e) {
      submitted.forEach(RowCompletion::cancel);
      throw e;
    }
  }

  private RowCompletion submit(TextInput row) {
    String name = row.adapter().equals(TextInput.BASE) ? NAME : row.adapter();
    AdapterLease lease = engine.model().lease(name);
    try {
      ChatFormat format = lease.format();
      int[] prompt = prompt(format, row.text());
      long room = engine.scheduler().maxTokens() - prompt.length;
      if (prompt.length == 0 || room <= 0) {
        throw unfit(row.text(), prompt.length);
      }
      Set<Long> stops = engine.model().stopTokens(lease);
      RowCompletion completion =
          new RowCompletion(
              new CompletionParser(format.tokenizer(), stops, List.of(), OutputRules.ANY));
      engine
          .scheduler()
          .submit(
              new GenerationRequest(
                  lease,
                  Arrays.stream(prompt).asLongStream().boxed().toList(),
                  (int) Math.min(room, spec.maxTokens()),
                  stops,
                  choice(row),
                  Optional.empty(),
                  completion));
      return completion;
    } catch (RuntimeException e) {
      lease.close();
      throw e;
    }
  }

  private UserError unfit(String text, int tokens) {
    String beginning =
        text.codePointCount(0, text.length()) <= SHOWN
            ? text
            : text.substring(0, text.offsetByCodePoints(0, SHOWN)) + "…";
    return new UserError(
        "the prompt '%s' has %,d tokens; the model reads 1 to %,d: %s"
            .formatted(
                beginning,
                tokens,
                engine.scheduler().maxTokens() - 1,
                tokens == 0
                    ? "leave out rows without a text, or set it to null"
                    : "shorten it or leave the row out"));
  }

  /** A user's turn where there is a chat template, else the text itself. */
  private int[] prompt(ChatFormat format, String text) {
    if (format.template().isEmpty()) {
      return format.tokenizer().encode(text);
    }
    List<Message> messages = new ArrayList<>();
    if (!spec.system().isEmpty()) {
      messages.add(Message.system(spec.system()));
    }
    messages.add(Message.user(text));
    return format.prompt(messages);
  }

  /** A row's random numbers follow from its text, wherever it is computed. */
  private TokenChoice choice(TextInput row) {
    Sampling sampling =
        spec.temperature() == 0
            ? Sampling.greedy()
            : new Sampling(
                spec.temperature(), 0, 1.0, 0.0, 1.0, 31 * spec.seed() + row.text().hashCode());
    return TokenChoice.of(sampling);
  }

  @Override
  public void close() {
    engine.close();
  }
}
