package dev.lora4j.llm.gate;

import dev.lora4j.llm.chat.ChatModel;
import dev.lora4j.llm.dataset.Example;
import dev.lora4j.llm.gate.GateFinding.Check;
import dev.lora4j.llm.tokenizer.Tokenizer;
import dev.lora4j.llm.train.Evaluation;
import dev.lora4j.nn.NotFinite;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.train.TrainingFailed;
import dev.lora4j.train.Workers;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;

/** Judges an adapter of a model that nothing else uses meanwhile. */
public final class AdapterGate {
  private final ChatModel model;
  private final List<String> adapter;
  private final GateLimits limits;
  private final Workers workers;
  private final Runnable interruption;

  /**
   * @param adapter the name of a loaded adapter
   */
  public AdapterGate(ChatModel model, String adapter, GateLimits limits, Workers workers) {
    this(model, adapter, limits, workers, () -> {});
  }

  /**
   * @param interruption runs after each batch and each token; an exception of it ends {@link
   *     #judge}
   */
  public AdapterGate(
      ChatModel model, String adapter, GateLimits limits, Workers workers, Runnable interruption) {
    this.interruption = interruption;
    this.model = model;
    this.adapter = List.of(adapter);
    this.limits = limits;
    this.workers = workers;
  }

  /** Runs all checks; those that do not apply to the data are left out. */
  public GateVerdict judge(GateData data) {
    List<String> before = model.active();
    List<GateFinding> findings = new ArrayList<>();
    try {
      findings.add(heldOutLoss(data));
      findings.add(effect(data.answers().get(0)));
      findings.add(template(data));
      StopCheck stop = new StopCheck(model, adapter, workers, interruption);
      if (stop.applies(data)) {
        findings.add(with(() -> stop.run(data, limits.minStopped())));
      }
      if (!data.general().isEmpty()) {
        findings.add(forgetting(data.general()));
      }
    } catch (TrainingFailed | NotFinite e) {
      findings.add(GateFinding.of(Check.EFFECT, false, "%s", String.valueOf(e.getMessage())));
    } finally {
      model.activate(before);
    }
    return new GateVerdict(findings);
  }

  // ---- losses ----

  private GateFinding heldOutLoss(GateData data) {
    double before = data.isPairs() ? PairLoss.BEFORE : without(() -> loss(data.answers()));
    double after = data.isPairs() ? pairLoss(data) : with(() -> loss(data.answers()));
    boolean passed = after < before;
    return GateFinding.of(
            Check.HELD_OUT_LOSS,
            passed,
            "the loss on %,d held-out examples %s: %.4f before, %.4f after",
            data.heldOut().size(),
            passed ? "falls" : "does not fall",
            before,
            after)
        .withLosses(before, after);
  }

  private double pairLoss(GateData data) {
    List<Example> all = data.heldOut().stream().flatMap(List::stream).toList();
    List<Double> reference = without(() -> all.stream().map(this::total).toList());
    List<Double> policy = with(() -> all.stream().map(this::total).toList());
    return PairLoss.mean(policy, reference, data.beta());
  }

  private double total(Example example) {
    return loss(List.of(example)) * example.lossTokens();
  }

  private double loss(List<Example> examples) {
    return Evaluation.of(model.network(), examples, workers, tokens -> interruption.run()).nll();
  }

  private GateFinding forgetting(List<Example> general) {
    double before = without(() -> loss(general));
    double after = with(() -> loss(general));
    boolean passed = after - before <= limits.maxForgetting();
    return GateFinding.of(
            Check.FORGETTING,
            passed,
            "the loss on %,d general examples changes by %+.4f, from %.4f to %.4f; at most +%.4f is allowed",
            general.size(),
            after - before,
            before,
            after,
            limits.maxForgetting())
        .withLosses(before, after);
  }

  // ---- effect and template ----

  private GateFinding effect(Example example) {
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      Tensor ids = Ops.tensor(longs(example)).unsqueeze(0);
      Tensor before = without(() -> model.network().forward(ids));
      Tensor after = with(() -> model.network().forward(ids));
      double change = after.sub(before).abs().max().item_double();
      boolean changes = change > 0;
      return GateFinding.of(
          Check.EFFECT,
          changes,
          changes
              ? "the adapter changes logits by up to %.4f"
              : "the adapter changes nothing: the logits with and without it are equal",
          change);
    }
  }

  private static long[] longs(Example example) {
    long[] tokens = new long[example.length()];
    for (int i = 0; i < tokens.length; i++) {
      tokens[i] = example.token(i);
    }
    return tokens;
  }

  private GateFinding template(GateData data) {
    Tokenizer tokenizer = model.format(adapter).tokenizer();
    int known = model.network().vocabularySize();
    if (tokenizer.vocabularySize() > known) {
      return GateFinding.of(
          Check.TEMPLATE,
          false,
          "the adapter's tokenizer has %,d tokens, the model %,d",
          tokenizer.vocabularySize(),
          known);
    }
    long differing = data.renderedDifferently();
    if (differing > 0) {
      return GateFinding.of(
          Check.TEMPLATE,
          false,
          "%,d of %,d held-out examples are tokenized differently than in training: the tokenizer or chat template differs",
          differing,
          data.heldOut().size());
    }
    Set<Long> stops = model.stopTokens(model.format(adapter));
    List<FirstAnswer> answers = FirstAnswer.of(data);
    if (!answers.isEmpty() && answers.stream().noneMatch(answer -> answer.endsWith(stops))) {
      return GateFinding.of(
          Check.TEMPLATE,
          false,
          "no trained answer ends with a stop token; the first ends with \"%s\"",
          tokenizer.decode(Math.toIntExact(answers.get(0).last())));
    }
    return GateFinding.of(
        Check.TEMPLATE, true, "the tokenizer and the chat template are those of the training");
  }

  // ---- active adapters ----

  private <T> T with(Supplier<T> work) {
    model.activate(adapter);
    return work.get();
  }

  private <T> T without(Supplier<T> work) {
    model.activate(List.of());
    return work.get();
  }
}
