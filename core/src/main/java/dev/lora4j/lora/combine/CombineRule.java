package dev.lora4j.lora.combine;

import dev.lora4j.UserError;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.layer.FactoredDelta;
import dev.lora4j.lora.layer.Svd;
import dev.lora4j.nn.conv.Conv;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.T_TensorTensor_T;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/** The rule by which several adapters' deltas of one layer are combined into one. */
public sealed interface CombineRule {

  /**
   * Returns the rank of the combined delta.
   *
   * @param path the layer's path
   * @throws dev.lora4j.UserError if the deltas can't be combined by this rule
   */
  int rank(String path, List<CombinedPart> parts);

  CombinedFactors combine(List<CombinedPart> parts);

  /** Returns the rule for a combination of adapters with these configs. */
  static CombineRule of(Combination how, List<LoraConfig> sources) {
    if (how instanceof Combination.Mix mix) {
      return new FactorMix(FactorCombiner.of(mix), how.word());
    }
    if (how instanceof Combination.MixBySvd bySvd) {
      return bySvd(bySvd, sources);
    }
    return new Concatenation();
  }

  private static CombineRule bySvd(Combination.MixBySvd how, List<LoraConfig> sources) {
    int rank = how.rank().orElseGet(() -> largestRank(sources));
    boolean isSum = how.mix().equals(Combination.linear());
    boolean isProduct = sources.stream().noneMatch(c -> c.initialization().takesFromBase());
    return isSum && isProduct
        ? new SumSvd(rank)
        : new DeltaSvd(FactorCombiner.of(how.mix()), rank, how.word());
  }

  /** Returns the largest rank in the configs, patterns included. */
  private static int largestRank(List<LoraConfig> configs) {
    Stream<Integer> usual = configs.stream().map(LoraConfig::rank);
    Stream<Integer> others =
        configs.stream()
            .flatMap(config -> config.rankPattern().values().values().stream())
            .map(Double::intValue);
    return Stream.concat(usual, others).max(Integer::compare).orElseThrow();
  }

  /** One adapter's weighted contribution to a combined layer. */
  public record CombinedPart(String adapter, FactoredDelta delta, double weight) {

    /** Returns the weight of the unscaled {@code B A}. */
    double weightOfProduct() {
      return weight * delta.factor();
    }

    /** Returns the largest rank that a delta of the layer can have. */
    long fullRank() {
      long inputs = delta.a().numel() / delta.rank();
      long outputs = delta.b().numel() / delta.rank();
      return Math.min(inputs, outputs);
    }

    /** Refuses a layer whose delta can't be added to its weight. */
    void requireDelta(String path, String word) {
      if (groups() > 1) {
        throw new UserError(
            "'%s' is a convolution with groups, which can't be combined by %s; use cat"
                .formatted(path, word));
      }
    }

    /** Returns the number of groups of a convolution; 1 for other layers. */
    long groups() {
      return delta.base() instanceof Conv conv ? conv.options().groups() : 1;
    }
  }

  /** The factors of a combined delta, with a scaling of one. */
  public record CombinedFactors(Tensor a, Tensor b) {

    /** Copies the factors into a delta; a convolution's kernel may be flattened into the inputs. */
    public void copyInto(FactoredDelta delta) {
      delta.a().copyFrom(a.reshape(delta.a().shape()));
      delta.b().copyFrom(b.reshape(delta.b().shape()));
    }
  }

  /** {@code Σ wᵢ Bᵢ Aᵢ = [B₁ … Bₙ] [w₁ A₁; … wₙ Aₙ]}: exact, at the sum of the ranks. */
  record Concatenation() implements CombineRule {
    @Override
    public int rank(String path, List<CombinedPart> parts) {
      return parts.stream().mapToInt(part -> part.delta().rank()).sum();
    }

    @Override
    public CombinedFactors combine(List<CombinedPart> parts) {
      TensorVector down = new TensorVector();
      TensorVector up = new TensorVector();
      for (CombinedPart part : parts) {
        Tensor a = part.delta().a().value().mul(new Scalar(part.weightOfProduct()));
        down.push_back(a.unflatten(0, part.groups(), -1)); // [groups, rank / groups, in…]
        up.push_back(part.delta().b().value()); // [out, rank / groups…]
      }
      return new CombinedFactors(torch.cat(down, 1).flatten(0, 1), torch.cat(up, 1));
    }
  }

  /** Mixes A's and B's separately, each by the root of the weight; A's takes the sign. */
  record FactorMix(FactorCombiner mixer, String word) implements CombineRule {
    @Override
    public int rank(String path, List<CombinedPart> parts) {
      int rank = parts.get(0).delta().rank();
      if (parts.stream().anyMatch(part -> part.delta().rank() != rank)) {
        throw new UserError(
            "%s requires equal ranks, but at '%s' they are %s; use cat or svd"
                .formatted(word, path, ranks(parts)));
      }
      return rank;
    }

    private static String ranks(List<CombinedPart> parts) {
      return parts.stream()
          .map(part -> part.delta().rank() + " of '" + part.adapter() + "'")
          .collect(Collectors.joining(", "));
    }

    @Override
    public CombinedFactors combine(List<CombinedPart> parts) {
      double[] products = parts.stream().mapToDouble(CombinedPart::weightOfProduct).toArray();
      double[] ofA = new double[products.length];
      double[] ofB = new double[products.length];
      for (int i = 0; i < products.length; i++) {
        ofB[i] = Math.sqrt(Math.abs(products[i]));
        ofA[i] = Math.copySign(ofB[i], products[i]);
      }
      return new CombinedFactors(
          mixer.mix(parts.stream().map(part -> part.delta().a().value()).toList(), ofA),
          mixer.mix(parts.stream().map(part -> part.delta().b().value()).toList(), ofB));
    }
  }

  /**
   * The truncated singular value decomposition of the weighted sum of the deltas, without a matrix
   * of the layer's size: with {@code B = Q R} and {@code Aᵀ = Q' R'}, {@code B A = Q (R R'ᵀ) Q'ᵀ},
   * and the middle factor is no larger than the sum of the ranks.
   */
  record SumSvd(int wantedRank) implements CombineRule {

    /** Returns the wanted rank, limited by the sum of the ranks, the rows and the columns. */
    @Override
    public int rank(String path, List<CombinedPart> parts) {
      parts.get(0).requireDelta(path, "svd");
      int together = new Concatenation().rank(path, parts);
      return (int) Math.min(Math.min(wantedRank, together), parts.get(0).fullRank());
    }

    @Override
    public CombinedFactors combine(List<CombinedPart> parts) {
      CombinedFactors sum = new Concatenation().combine(parts);
      T_TensorTensor_T ofA = torch.linalg_qr(sum.a().flatten(1, -1).t());
      T_TensorTensor_T ofB = torch.linalg_qr(sum.b().flatten(1, -1));
      Svd middle = Svd.of(ofB.get1().mm(ofA.get1().t()));
      Svd top = middle.top(Math.min(wantedRank, middle.s().numel()));
      Tensor a = top.vt().mm(ofA.get0().t());
      return new CombinedFactors(a, ofB.get0().mm(top.u().mul(top.s())));
    }
  }

  /** The truncated singular value decomposition of the mix of the deltas, {@code ΔW}. */
  record DeltaSvd(FactorCombiner mixer, int wantedRank, String word) implements CombineRule {

    /** Returns the wanted rank, limited by the numbers of rows and columns. */
    @Override
    public int rank(String path, List<CombinedPart> parts) {
      parts.get(0).requireDelta(path, word);
      return (int) Math.min(wantedRank, parts.get(0).fullRank());
    }

    @Override
    public CombinedFactors combine(List<CombinedPart> parts) {
      List<Tensor> deltas = parts.stream().map(part -> asRows(part.delta())).toList();
      double[] weights = parts.stream().mapToDouble(CombinedPart::weight).toArray();
      Svd mixture = Svd.of(mixer.mix(deltas, weights));
      Svd top = mixture.top(Math.min(wantedRank, mixture.s().numel()));
      return new CombinedFactors(top.vt(), top.u().mul(top.s()));
    }

    /** Returns the delta as {@code [out, in]}, with a convolution's kernel among the inputs. */
    private static Tensor asRows(FactoredDelta delta) {
      Tensor weight = delta.deltaWeight();
      return delta.base().outputAxis() == 0 ? weight.flatten(1, -1) : weight.t();
    }
  }
}
