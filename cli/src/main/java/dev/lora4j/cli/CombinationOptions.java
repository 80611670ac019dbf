package dev.lora4j.cli;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.lora.Combination;
import dev.lora4j.lora.MajoritySign;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How adapters become one, in PEFT's words. */
final class CombinationOptions {
  private static final String SVD = "_svd";
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
          "cat (the weighted sum, exactly; the ranks add up), svd (the nearest to it of a rank),"
              + " linear, magnitude_prune, ties, dare_linear, dare_ties, and the last four with"
              + " _svd; cat if not given.")
  private String method = "cat";

  @Option(
      names = "--rank",
      paramLabel = "N",
      description = "For svd and …_svd: the new rank; the largest of the adapters' if not given.")
  private @Nullable Integer rank;

  @Option(
      names = "--density",
      paramLabel = "X",
      description = "For magnitude_prune, ties and dare: the share of numbers that stays.")
  private @Nullable Double density;

  @Option(
      names = "--majority",
      paramLabel = "NAME",
      description = "For ties: whose sign counts, that of the greater total or frequency.")
  private @Nullable String majority;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "For dare: the same seed drops the same numbers; 0 if not given.")
  private @Nullable Long seed;

  Combination chosen() {
    String word = method.toLowerCase(Locale.ROOT);
    if (!METHODS.contains(word)) {
      throw new UserError("no method '" + method + "'" + NearMiss.hint(word, METHODS));
    }
    boolean bySvd = word.equals("svd") || word.endsWith(SVD);
    refuse("--rank", rank != null && !bySvd, "svd and …_svd");
    refuse("--density", density != null && !prunes(word), "magnitude_prune, ties and dare");
    refuse("--majority", majority != null && !word.contains("ties"), "ties and dare_ties");
    refuse("--seed", seed != null && !word.startsWith("dare"), "dare_linear and dare_ties");
    if (word.equals("cat")) {
      return Combination.cat();
    }
    Combination.Mix mix = mix(word.equals("svd") ? "linear" : word.replace(SVD, ""));
    if (!bySvd) {
      return mix;
    }
    return rank == null ? mix.bySvd() : mix.bySvd(rank);
  }

  private Combination.Mix mix(String word) {
    return switch (word) {
      case "linear" -> Combination.linear();
      case "magnitude_prune" -> Combination.magnitudePrune(density());
      case "ties" -> Combination.ties(density(), majority());
      case "dare_linear" -> Combination.dareLinear(density(), seed());
      case "dare_ties" -> Combination.dareTies(density(), seed(), majority());
      default -> throw new IllegalStateException("no mix " + word);
    };
  }

  private void refuse(String option, boolean isWrong, String goesWith) {
    if (isWrong) {
      throw new UserError("%s goes with %s, not with %s".formatted(option, goesWith, method));
    }
  }

  private static boolean prunes(String word) {
    return word.startsWith("magnitude_prune") || word.startsWith("ties") || word.startsWith("dare");
  }

  private double density() {
    if (density == null) {
      throw new UserError(
          method + " needs --density, the share of numbers that stays, such as 0.5");
    }
    return density;
  }

  private MajoritySign majority() {
    String word = majority == null ? "total" : majority.toLowerCase(Locale.ROOT);
    return switch (word) {
      case "total" -> MajoritySign.TOTAL;
      case "frequency" -> MajoritySign.FREQUENCY;
      default ->
          throw new UserError(
              "no majority '" + word + "'" + NearMiss.hint(word, List.of("total", "frequency")));
    };
  }

  private long seed() {
    return seed == null ? 0 : seed;
  }
}
