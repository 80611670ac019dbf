package dev.lora4j.cli.options;

import static dev.lora4j.cli.options.HelpText.DEFAULT;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.lora.combine.Combination;
import dev.lora4j.lora.combine.MajoritySign;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The combination method, by PEFT's names. */
public final class CombinationOptions {
  private static final List<String> METHODS =
      List.of(
          "cat",
          "svd",
          "linear",
          "magnitude_prune",
          "magnitude_prune_svd",
          "ties",
          "ties_svd",
          "dare_linear",
          "dare_linear_svd",
          "dare_ties",
          "dare_ties_svd");

  @Option(
      names = "--method",
      paramLabel = "NAME",
      description =
          "Combination method: cat (exact weighted sum; ranks add up), svd (its best approximation"
              + " at a given rank), linear, magnitude_prune, ties, dare_linear or dare_ties; the"
              + " last four also with suffix _svd"
              + DEFAULT)
  private String method = "cat";

  @Option(
      names = "--rank",
      paramLabel = "N",
      description = "New rank for svd and …_svd (default: the largest of the adapters).")
  @Range(from = 1, to = Range.RANK)
  private @Nullable Integer rank;

  @Option(
      names = "--density",
      paramLabel = "X",
      description = "Fraction of values kept by magnitude_prune, ties and dare.")
  @Range(above = 0, to = 1)
  private @Nullable Double density;

  @Option(
      names = "--majority-sign-method",
      paramLabel = "NAME",
      description = "Majority sign of ties: total or frequency (default: total).")
  private @Nullable MajoritySign majority;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Seed of the values that dare drops (default: 0).")
  private @Nullable Long seed;

  public Combination combination() {
    String word = method.toLowerCase(Locale.ROOT);
    if (!METHODS.contains(word)) {
      throw new UserError(
          "--method: unknown method '" + method + "'" + NearMiss.hint(word, METHODS));
    }
    boolean bySvd = word.endsWith("svd");
    boolean prunes = word.matches("(magnitude_prune|ties|dare).*");
    refuse("--rank", rank != null && !bySvd, "svd and …_svd");
    refuse("--density", density != null && !prunes, "magnitude_prune, ties and dare");
    refuse(
        "--majority-sign-method", majority != null && !word.contains("ties"), "ties and dare_ties");
    refuse("--seed", seed != null && !word.startsWith("dare"), "dare_linear and dare_ties");
    if (word.equals("cat")) {
      return Combination.cat();
    }
    if (prunes && density == null) {
      throw new UserError(method + " needs --density, the fraction of values to keep, such as 0.5");
    }
    Combination.Mix mix = mix(word.replace("_svd", ""));
    if (!bySvd) {
      return mix;
    }
    return rank == null ? mix.bySvd() : mix.bySvd(rank);
  }

  private Combination.Mix mix(String word) {
    double kept = density == null ? 1 : density;
    long drawn = seed == null ? 0 : seed;
    MajoritySign sign = majority == null ? MajoritySign.TOTAL : majority;
    return switch (word) {
      case "magnitude_prune" -> Combination.magnitudePrune(kept);
      case "ties" -> Combination.ties(kept, sign);
      case "dare_linear" -> Combination.dareLinear(kept, drawn);
      case "dare_ties" -> Combination.dareTies(kept, drawn, sign);
      default -> Combination.linear(); // linear and svd
    };
  }

  private void refuse(String option, boolean isWrong, String methods) {
    if (isWrong) {
      throw new UserError("%s applies to %s, not to %s".formatted(option, methods, method));
    }
  }
}
