package dev.lora4j.cli.options;

import static dev.lora4j.cli.options.HelpText.DEFAULT;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.lora.config.TiedWeights;
import dev.lora4j.lora.layer.Initialization;
import dev.lora4j.lora.layer.LoraMethod;
import dev.lora4j.lora.method.LoraMethods;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The adapter to train. */
public final class AdapterOptions {
  @Option(
      names = "--method",
      paramLabel = "NAME",
      completionCandidates = Methods.class,
      description =
          "Adapter method: ${COMPLETION-CANDIDATES}; vera trains far fewer parameters and needs a"
              + " higher rank, such as 256"
              + DEFAULT)
  private String method = "lora";

  @Option(names = "--rank", paramLabel = "N", description = "LoRA rank" + DEFAULT)
  @Range(from = 1, to = Range.RANK)
  private int rank = 8;

  @Option(
      names = "--alpha",
      paramLabel = "X",
      description =
          "LoRA alpha: the update is scaled by alpha/rank (default: twice the rank for language"
              + " models, otherwise the rank).")
  @Range(from = -Range.MILLION, to = Range.MILLION)
  private @Nullable Double alpha;

  @Option(
      names = "--target-modules",
      paramLabel = "NAME,…",
      split = ",",
      hideParamSyntax = true,
      description =
          "Target modules, by the end of their path, or all-linear (default: every linear layer"
              + " except a language model's head).")
  private List<String> targets = new ArrayList<>();

  @Option(
      names = "--exclude-modules",
      paramLabel = "NAME,…",
      split = ",",
      hideParamSyntax = true,
      description = "Modules to leave out of the target modules.")
  private List<String> exclude = new ArrayList<>();

  @Option(
      names = "--target-parameters",
      paramLabel = "NAME,…",
      split = ",",
      hideParamSyntax = true,
      description =
          "Raw parameters to adapt besides the target modules, by the end of their path, such as"
              + " mlp.experts.gate_up_proj of a mixture of experts.")
  private List<String> parameters = new ArrayList<>();

  @Option(names = "--dropout", paramLabel = "X", description = "LoRA dropout probability" + DEFAULT)
  @Range(from = 0, below = 1)
  private double dropout;

  @Option(names = "--dora", description = "Use DoRA: also train a magnitude per output.")
  private boolean dora;

  @Option(names = "--rslora", description = "Use rsLoRA: scale by alpha/√rank.")
  private boolean rsLora;

  @Option(
      names = "--ensure-weight-tying",
      description =
          "Use one delta for all modules that share the weight of a target, such as embed_tokens"
              + " and lm_head.")
  private boolean ensureWeightTying;

  @Option(
      names = "--init",
      paramLabel = "NAME",
      description =
          "Initialisation of the LoRA matrices: true, gaussian, orthogonal, pissa, olora; for language"
              + " models only: eva, from the training data, and loftq, from what --quantize takes"
              + " from the weights"
              + DEFAULT)
  private String init = "true";

  @Option(
      names = "--loftq-iter",
      paramLabel = "N",
      description =
          "Iterations of --init loftq; after more than one, the adapter is saved for the base before"
              + " quantisation (default: 1).")
  @Range(from = 1, to = 100)
  private @Nullable Integer loftqIterations;

  private LoraMethod method() {
    List<String> names =
        LoraMethods.peftTypes().stream().map(name -> name.toLowerCase(Locale.ROOT)).toList();
    if (!names.contains(method.toLowerCase(Locale.ROOT))) {
      throw new UserError(
          "--method: unknown method '" + method + "'" + NearMiss.hint(method, names));
    }
    LoraMethod named = LoraMethods.named(method);
    if (alpha != null && !named.configKeys().contains("lora_alpha")) {
      throw new UserError("--alpha does not apply to --method " + method);
    }
    return named;
  }

  public int rank() {
    return rank;
  }

  public LoraConfig config(double defaultAlpha) {
    LoraConfig config = untied(defaultAlpha);
    return ensureWeightTying ? config.ensureWeightTying(true) : config;
  }

  private LoraConfig untied(double defaultAlpha) {
    return LoraConfig.rank(rank)
        .alpha(alpha == null ? defaultAlpha : alpha)
        .targets(isAllLinear() ? Targets.everyLinear() : Targets.named(targets))
        .exclude(Targets.named(exclude))
        .targetParameters(parameters.toArray(String[]::new))
        .dropout(dropout)
        .dora(dora)
        .rsLora(rsLora)
        .method(method())
        .initialization(initialization());
  }

  private Initialization initialization() {
    Initialization how = named();
    if (loftqIterations == null) {
      return how;
    }
    if (how instanceof Initialization.Loftq loftq) {
      return loftq.iterations(loftqIterations);
    }
    throw new UserError("--loftq-iter applies to --init loftq, found --init " + init);
  }

  private Initialization named() {
    return Initialization.find(init)
        .orElseThrow(
            () ->
                new UserError(
                    "--init: unknown initialisation '"
                        + init
                        + "'"
                        + NearMiss.hint(init, Initialization.WORDS)));
  }

  /**
   * Lists the options that the user gave and that differ from the config of a trained adapter.
   *
   * @param given whether the user gave an option
   */
  public List<String> conflicts(LoraConfig trained, Predicate<String> given) {
    LoraConfig wanted = config(trained.alpha());
    Map<String, Function<LoraConfig, Object>> values = new LinkedHashMap<>();
    values.put("--method", config -> config.method().peftType());
    values.put("--rank", LoraConfig::rank);
    values.put("--alpha", LoraConfig::alpha);
    values.put("--target-modules", config -> sorted(config.targets()));
    values.put("--exclude-modules", config -> sorted(config.exclude()));
    values.put("--target-parameters", config -> new TreeSet<>(config.targetParameters()));
    values.put("--dropout", LoraConfig::dropout);
    values.put("--dora", LoraConfig::dora);
    values.put("--rslora", LoraConfig::rsLora);
    values.put("--ensure-weight-tying", TiedWeights::ensured);
    values.put("--init", config -> config.initialization().word());
    List<String> conflicts = new ArrayList<>();
    values.forEach(
        (option, value) -> {
          Object ours = value.apply(wanted);
          Object theirs = value.apply(trained);
          if (given.test(option) && !ours.equals(theirs)) {
            conflicts.add("%s is %s there, found %s; leave it out".formatted(option, theirs, ours));
          }
        });
    return conflicts;
  }

  private static Object sorted(Targets targets) {
    return targets instanceof Targets.Named named
        ? new TreeSet<>(named.names())
        : targets.describe();
  }

  private boolean isAllLinear() {
    return targets.isEmpty() || targets.equals(List.of("all-linear"));
  }

  /** The values of {@code --method}. */
  static final class Methods implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return LoraMethods.peftTypes().stream().map(t -> t.toLowerCase(Locale.ROOT)).iterator();
    }
  }
}
