package dev.lora4j.lora;

import dev.lora4j.UserError;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * What is written of an adapter.
 *
 * @param tensors by PEFT's key without its prefix
 */
record AdapterContent(LoraConfig config, Map<String, Tensor> tensors) {

  static AdapterContent of(LoraModel model, String name, SavedForm form) {
    Adapter adapter = model.adapter(name);
    AdapterContent trained = asTrained(adapter);
    if (!adapter.config().initialization().takesFromBase()) {
      return trained;
    }
    if (form == SavedForm.AS_TRAINED) {
      refuseUnrepeatable(adapter.config().initialization());
      return trained;
    }
    return trained.converted(updates(model, name));
  }

  private static AdapterContent asTrained(Adapter adapter) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    adapter.saved().forEach((key, parameter) -> tensors.put(key, parameter.value()));
    return new AdapterContent(adapter.config(), tensors);
  }

  private static void refuseUnrepeatable(Initialization how) {
    if (!how.isRepeatable()) {
      throw new UserError(
          how.word()
              + " took a random part of the base, which can't be found again; save the adapter as"
              + " SavedForm.PLAIN");
    }
  }

  private static Map<String, Update> updates(LoraModel model, String name) {
    Map<String, Update> updates = new LinkedHashMap<>();
    model
        .layers()
        .forEach(
            (path, layer) -> {
              Update update = layer.update(model.adapter(name));
              if (update != null) {
                updates.put(path, update);
              }
            });
    return updates;
  }

  /** {@code ΔW = s (B A − B₀ A₀) = s [B, −B₀] [A, A₀]ᵀ}: twice the rank with the same scaling. */
  private AdapterContent converted(Map<String, Update> updates) {
    Map<String, Tensor> plain = new LinkedHashMap<>(tensors);
    Map<String, Double> ranks = new LinkedHashMap<>();
    Map<String, Double> alphas = new LinkedHashMap<>();
    double alphaGrows = config.rsLora() ? Math.sqrt(2) : 2;
    updates.forEach(
        (path, update) -> {
          boolean doubled = update instanceof LinearUpdate linear && linear.tookFromBase();
          ranks.put(path, config.rankAt(path) * (doubled ? 2.0 : 1));
          alphas.put(path, config.alphaAt(path) * (doubled ? alphaGrows : 1));
          if (update instanceof LinearUpdate linear) {
            plain.put(path + ".lora_A.weight", linear.downFactor());
            plain.put(path + ".lora_B.weight", linear.upFactor());
          }
        });
    int rank = 2 * config.rank();
    double alpha = alphaGrows * config.alpha();
    return new AdapterContent(
        config
            .withRank(rank)
            .alpha(alpha)
            .patterns(PathPatterns.exactly(ranks, rank), PathPatterns.exactly(alphas, alpha))
            .initialization(new Initialization.Standard()),
        plain);
  }
}
