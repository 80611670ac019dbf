package dev.lora4j.lora;

import dev.lora4j.UserError;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.PathPatterns;
import dev.lora4j.lora.format.SavedForm;
import dev.lora4j.lora.format.StoredAdapter;
import dev.lora4j.lora.layer.FactoredDelta;
import dev.lora4j.lora.layer.Initialization;
import dev.lora4j.lora.layer.LoraDelta;
import dev.lora4j.lora.layer.StartingDelta;
import dev.lora4j.lora.layer.TiedHeadDelta;
import dev.lora4j.nn.DenseWeights;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/** The part of an adapter that is written to files. */
final class AdapterContent {
  private AdapterContent() {}

  /** Returns the adapter in a form that loads; the caller's pointer scope owns new tensors. */
  static StoredAdapter of(LoraModel model, String name, SavedForm form) {
    Adapter adapter = model.adapter(name);
    StoredAdapter trained = asTrained(model, adapter);
    Initialization how = adapter.config().initialization();
    boolean isLoftq = how instanceof Initialization.Loftq;
    if (!how.takesFromBase() && !isLoftq) {
      return trained;
    }
    if (form == SavedForm.AS_TRAINED) {
      refuseUnrepeatable(how);
      return trained;
    }
    if (form == SavedForm.PLAIN
        && how instanceof Initialization.Loftq loftq
        && loftq.iterations() == 1) {
      return plain(trained);
    }
    StoredAdapter converted = converted(trained, adapter.deltas(model.layers()));
    return isLoftq
        ? new StoredAdapter(converted.config(), converted.tensors(), Optional.empty())
        : converted;
  }

  /** The same tensors, with an initialisation that loading does not repeat. */
  private static StoredAdapter plain(StoredAdapter trained) {
    return new StoredAdapter(
        trained.config().initialization(new Initialization.Standard()),
        trained.tensors(),
        trained.baseFingerprint());
  }

  private static StoredAdapter asTrained(LoraModel model, Adapter adapter) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    adapter.saved().forEach((key, parameter) -> tensors.put(key, parameter.value()));
    adapter
        .deltas(model.layers())
        .forEach(
            (path, delta) -> {
              if (delta instanceof TiedHeadDelta tied) {
                tied.copies().forEach((suffix, copy) -> tensors.put(path + "." + suffix, copy));
              }
            });
    return new StoredAdapter(adapter.config(), tensors, Optional.of(model.presentBase().rounded()));
  }

  private static void refuseUnrepeatable(Initialization how) {
    if (!how.isRepeatable()) {
      throw new UserError(
          how.word()
              + " took a random part of the base, which can't be recomputed; save the adapter as"
              + " SavedForm.PLAIN");
    }
  }

  /** Returns whether a delta's first A and B are to be subtracted. */
  private static boolean isConverted(String path, FactoredDelta delta) {
    if (!(delta instanceof StartingDelta starting)) {
      return false;
    }
    boolean isLeftOut = delta.base().store() instanceof DenseWeights; // by LoftQ: not quantised
    if (!starting.remembersStart() && !isLeftOut) {
      throw new UserError(
          "the first A and B of '%s' are not known, since the adapter was loaded from a file; it can"
                  .formatted(path)
              + " be saved as SavedForm.AS_TRAINED only");
    }
    return starting.remembersStart();
  }

  /** {@code ΔW = s (B A − B₀ A₀) = s [B, −B₀] [A, A₀]ᵀ}: twice the rank with the same scaling. */
  private static StoredAdapter converted(StoredAdapter trained, Map<String, LoraDelta> deltas) {
    LoraConfig config = trained.config();
    Map<String, Tensor> plain = new LinkedHashMap<>(trained.tensors());
    Map<String, Double> ranks = new LinkedHashMap<>();
    Map<String, Double> alphas = new LinkedHashMap<>();
    double alphaGrows = config.rsLora() ? Math.sqrt(2) : 2;
    deltas.forEach(
        (path, delta) -> {
          FactoredDelta factored = delta.factored().orElseThrow();
          boolean doubled = isConverted(path, factored);
          ranks.put(path, config.rankAt(path) * (doubled ? 2.0 : 1));
          alphas.put(path, config.alphaAt(path) * (doubled ? alphaGrows : 1));
          if (factored instanceof StartingDelta starting) {
            plain.put(path + ".lora_A.weight", starting.sinceStartA());
            plain.put(path + ".lora_B.weight", starting.sinceStartB());
          }
        });
    int rank = 2 * config.rank();
    double alpha = alphaGrows * config.alpha();
    return new StoredAdapter(
        config
            .withRank(rank)
            .alpha(alpha)
            .patterns(PathPatterns.exactly(ranks, rank), PathPatterns.exactly(alphas, alpha))
            .initialization(new Initialization.Standard()),
        plain,
        trained.baseFingerprint());
  }
}
