package dev.lora4j.nn.kernel;

import dev.lora4j.nn.runtime.CostModel;
import dev.lora4j.nn.runtime.Engine;
import dev.lora4j.nn.runtime.ThreadRng;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Supplier;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.GeneratorOptional;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorArrayRefOptional;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * The operators that layers are written in. Libtorch's overloads, optionals and scalars, and the
 * choice of a kernel, stay behind this class, so that a layer reads like its formula.
 */
public final class Ops {
  static {
    Engine.start();
  }

  public static final Scalar ONE = keepScalar(1);
  public static final Scalar ZERO = keepScalar(0);

  private static final GeneratorOptional DEFAULT_GENERATOR =
      new GeneratorOptional().retainReference();
  private static final BoolOptional FREE_GRAPH = new BoolOptional(false).retainReference();
  private static final TensorArrayRefOptional ALL_LEAVES =
      new TensorArrayRefOptional().retainReference();
  private static final TensorOptional ABSENT = new TensorOptional().retainReference();
  private static final DoubleOptional OVER_ROOT_OF_DIM = new DoubleOptional().retainReference();
  private static final Scalar TWO = keepScalar(2);
  private static final long[] LAST_DIMENSION = {-1};
  private static final ScalarTypeOptional SAME_DTYPE = new ScalarTypeOptional().retainReference();
  private static final LongOptional AXIS_OF_HEADS = new LongOptional(1).retainReference();
  private static final LongOptional NO_SIZE = new LongOptional().retainReference();
  private static final ScalarType BOOL = ScalarType.Bool;
  private static final Scalar NEVER = keepScalar(Double.NEGATIVE_INFINITY);
  private static final long REDUCE_BY_SUM = 2;
  private static final long IGNORED_TARGET = -100;

  private Ops() {}

  // ---- ownership ----

  /** Detaches a tensor from its pointer scope; the caller frees it with {@code deallocate()}. */
  public static Tensor keep(Tensor tensor) {
    tensor.retainReference();
    return tensor;
  }

  /** Attaches a kept tensor to the innermost open pointer scope, which frees it. */
  public static Tensor giveToScope(Tensor kept) {
    PointerScope scope = PointerScope.getInnerScope();
    if (scope != null) {
      scope.attach(kept);
      kept.releaseReference();
    }
    return kept;
  }

  /** Runs a computation in a pointer scope of its own, from which only its result escapes. */
  public static Tensor inScope(Supplier<Tensor> computation) {
    Tensor result;
    try (PointerScope scope = new PointerScope()) {
      result = keep(computation.get());
    }
    return giveToScope(result);
  }

  /** Returns a libtorch scalar that lives until {@code deallocate()}, for repeated steps. */
  public static Scalar keepScalar(double value) {
    Scalar scalar = new Scalar(value);
    scalar.retainReference();
    return scalar;
  }

  // ---- making tensors ----

  /** Returns uninitialised floats. */
  public static Tensor empty(long... shape) {
    return torch.empty(shape);
  }

  public static Tensor zeros(long... shape) {
    return torch.zeros(shape);
  }

  public static Tensor ones(long... shape) {
    return torch.ones(shape);
  }

  /** Returns a tensor of these floats, in row-major order. */
  public static Tensor tensor(float[] values, long... shape) {
    Tensor result = torch.empty(shape);
    if (values.length > 0) { // an empty tensor has no address
      new FloatPointer(result.data_ptr()).put(values, 0, values.length);
    }
    return result;
  }

  /** Returns a tensor {@code [n]} of int64. */
  public static Tensor tensor(long[] values) {
    Tensor result = torch.empty(new long[] {values.length}, torch.dtype(ScalarType.Long), null);
    if (values.length > 0) {
      new LongPointer(result.data_ptr()).put(values, 0, values.length);
    }
    return result;
  }

  /** Returns the integers from one up to another, exclusive: {@code [to − from]}, int64. */
  public static Tensor range(long from, long to) {
    return torch.arange(new Scalar(from), new Scalar(to), torch.dtype(ScalarType.Long));
  }

  /** Returns a tensor's values in row-major order, converted to float. */
  public static float[] floats(Tensor tensor) {
    Tensor plain = tensor.detach().cpu().to(ScalarType.Float).contiguous();
    float[] values = new float[Math.toIntExact(plain.numel())];
    if (values.length > 0) {
      new FloatPointer(plain.data_ptr()).get(values);
    }
    return values;
  }

  /** Returns the values of an int64 tensor in row-major order. */
  public static long[] longs(Tensor tensor) {
    Tensor plain = tensor.detach().cpu().contiguous();
    long[] values = new long[Math.toIntExact(plain.numel())];
    if (values.length > 0) {
      new LongPointer(plain.data_ptr()).get(values);
    }
    return values;
  }

  /** The calling thread's {@link ThreadRng}, else the default generator of {@link Engine#seed}. */
  public static GeneratorOptional generator() {
    ThreadRng own = ThreadRng.current();
    return own == null ? DEFAULT_GENERATOR : own.generator();
  }

  // ---- shapes ----

  /** Returns the sizes of a tensor's dimensions. */
  public static long[] shape(Tensor tensor) {
    long[] shape = new long[Math.toIntExact(tensor.dim())];
    for (int i = 0; i < shape.length; i++) {
      shape[i] = tensor.size(i);
    }
    return shape;
  }

  /** Returns the shape as text: {@code [120, 400]}. */
  public static String shapeOf(Tensor tensor) {
    return Arrays.toString(shape(tensor));
  }

  // ---- operators ----

  /**
   * Returns {@code x Wᵀ + b}, by the kernel that suits the number of rows.
   *
   * @param x {@code [batch…, in]}
   * @param weight {@code [out, in]}
   * @param bias {@code [out]} or none
   * @return {@code [batch…, out]}
   */
  public static Tensor linear(Tensor x, Tensor weight, @Nullable Tensor bias) {
    if (ParallelGemv.suits(x, weight)) {
      Tensor y = ParallelGemv.linear(x, weight);
      return bias == null ? y : y.add_(bias);
    }
    if (SkinnyGemm.suits(x, weight)) {
      return SkinnyGemm.linear(x, weight, bias);
    }
    return bias == null ? torch.linear(x, weight) : torch.linear(x, weight, optional(bias));
  }

  /**
   * Computes {@code y = x Wᵀ} in blocks of the outputs: for 49,152 of them at once, BLAS takes a
   * tenth longer.
   *
   * @param x {@code [n, in]}
   * @param weight {@code [out, in]}
   * @param y {@code [n, out]}, whose rows may be apart; receives the product
   */
  public static void multiply(Tensor x, Tensor weight, Tensor y) {
    for (long from = 0; from < weight.size(0); from += CostModel.LOGITS_WORDS) {
      long count = Math.min(CostModel.LOGITS_WORDS, weight.size(0) - from);
      torch.mm_out(y.narrow(1, from, count), x, weight.narrow(0, from, count).t());
    }
  }

  public static Tensor join(long axis, Tensor... parts) {
    return torch.cat(new TensorVector(parts), axis);
  }

  public static Tensor addScaled(Tensor a, Tensor b, double scaling) {
    return scaling == 1 ? torch.add(a, b) : torch.add(a, b, new Scalar(scaling));
  }

  /** Returns whether {@link #addLowRankToRow} takes these: one float row without a gradient. */
  public static boolean isLowRankOfRow(Tensor y, Tensor x, Tensor a, Tensor b) {
    return FloatVector.isRow(x, a.size(1))
        && FloatVector.isRow(y, b.size(0))
        && FloatMatrix.isOne(a)
        && FloatMatrix.isOne(b);
  }

  /**
   * Computes {@code y + scale · B A x} in y's memory.
   *
   * @param y {@code [1…, out]}
   * @param x {@code [1…, in]}
   * @param a {@code [rank, in]}
   * @param b {@code [out, rank]}
   */
  public static Tensor addLowRankToRow(Tensor y, Tensor x, Tensor a, Tensor b, double scale) {
    try (FloatPointer features = new FloatPointer(a.size(0))) {
      FloatMatrix.of(a).multiply(FloatMatrix.memory(x), 1, features);
      FloatMatrix.of(b).addProduct(features, (float) scale, FloatMatrix.memory(y));
    }
    return y;
  }

  public static Tensor relu(Tensor x) {
    return torch.relu(x);
  }

  /** Returns {@code f(gate) · up}; without a gradient it overwrites the gate. */
  public static Tensor gated(GatedActivation activation, Tensor gate, Tensor up) {
    return new GatedUnit(activation).of(gate, up);
  }

  /**
   * Applies rotary position embeddings: {@code x · cos + (x with its halves swapped) · sin}. If the
   * rotations are shorter than a head, the rest of it stays as it is.
   *
   * @param heads {@code [batch, tokens, heads, dim]}
   * @param cos {@code [tokens, 1, rotated]} or {@code [batch, tokens, 1, rotated]}
   * @param sin of the same shape, negated in the left half
   * @return {@code [batch, tokens, heads, dim]}
   */
  public static Tensor rotated(Tensor heads, Tensor cos, Tensor sin) {
    long dim = cos.size(-1);
    long rest = heads.size(3) - dim;
    if (rest > 0) {
      return join(3, rotated(heads.narrow(3, 0, dim), cos, sin), heads.narrow(3, dim, rest));
    }
    Tensor halvesSwapped = heads.roll(new long[] {dim / 2}, -1);
    return heads.mul(cos).addcmul_(halvesSwapped, sin);
  }

  /** Drops elements with this probability, drawn by the calling thread's generator. */
  public static Tensor dropout(Tensor x, double probability) {
    ThreadRng own = ThreadRng.current();
    return own == null ? torch.dropout(x, probability, true) : x.mul(own.mask(x, probability));
  }

  /**
   * Returns the cross-entropy summed over the batch, {@code Σ −log softmax(logits)[target]}.
   *
   * @param logits {@code [batch, classes]}
   * @param targets {@code [batch]}, int64
   * @return a scalar
   */
  public static Tensor crossEntropySum(Tensor logits, Tensor targets) {
    return torch.cross_entropy_loss(logits, targets, ABSENT, REDUCE_BY_SUM, IGNORED_TARGET, 0);
  }

  /**
   * Returns the squared error summed over the batch, {@code Σ (output − target)²}.
   *
   * @param outputs {@code [batch]} or {@code [batch, 1]}
   * @param targets {@code [batch]}
   * @return a scalar
   */
  public static Tensor squaredErrorSum(Tensor outputs, Tensor targets) {
    return torch.mse_loss(outputs.view(targets.size(0)), targets, REDUCE_BY_SUM);
  }

  /** Returns the Euclidean norm over the last dimension, which remains with size 1. */
  public static Tensor normOfRows(Tensor rows) {
    return torch.linalg_vector_norm(rows, TWO, LAST_DIMENSION, true, SAME_DTYPE);
  }

  /** Returns the sum over the last dimension, which remains with size 1. */
  public static Tensor sumOfRows(Tensor rows) {
    return rows.sum(LAST_DIMENSION, true, SAME_DTYPE);
  }

  /** Views {@code [n]} along one axis of a number of dimensions; the others have size 1. */
  public static Tensor along(Tensor values, int axis, long dimensions) {
    long[] shape = new long[Math.toIntExact(dimensions)];
    Arrays.fill(shape, 1);
    shape[axis] = values.numel();
    return values.view(shape);
  }

  /**
   * Returns {@code softmax(q kᵀ / √dim + mask) v} of each head (Vaswani et al. 2017,
   * arXiv:1706.03762, eq. 1), {@code [batch, heads, tokens, dim]}.
   *
   * @param k as v, {@code [batch, groups, keys, dim]}, where groups divides heads
   * @param mask attention mask, added to the scores, {@code [(batch, 1,) tokens, keys]}
   * @param causal whether a token attends only to itself and those before it; then without a mask
   * @param cap soft cap of the scores, before the mask is added
   * @param dropout probability of dropping an attention weight
   */
  public static Tensor attention(
      Tensor q,
      Tensor k,
      Tensor v,
      @Nullable Tensor mask,
      boolean causal,
      Optional<SoftCap> cap,
      double dropout) {
    if (cap.isPresent()) {
      Tensor added = causal ? zeros(1, 1).to(q).masked_fill(later(q, k), NEVER) : mask;
      return new CappedAttention(cap.get(), added, dropout).of(q, k, v);
    }
    boolean grouped = q.size(1) != k.size(1);
    if (dropout > 0 && ThreadRng.current() != null) {
      long repeats = q.size(1) / k.size(1);
      return attentionInSteps(
          q,
          grouped ? k.repeat_interleave(repeats, AXIS_OF_HEADS, NO_SIZE) : k,
          grouped ? v.repeat_interleave(repeats, AXIS_OF_HEADS, NO_SIZE) : v,
          mask,
          causal,
          dropout);
    }
    return torch.scaled_dot_product_attention(
        q, k, v, optional(mask), dropout, causal, OVER_ROOT_OF_DIM, grouped);
  }

  /** Returns the mask of keys later than a query, {@code [tokens, keys]}. */
  private static Tensor later(Tensor q, Tensor k) {
    return range(0, k.size(2)).gt(range(0, q.size(2)).unsqueeze(1)).to(q.device(), BOOL);
  }

  /** Attention operator by operator, as libtorch computes it with dropout on the CPU. */
  private static Tensor attentionInSteps(
      Tensor q, Tensor k, Tensor v, @Nullable Tensor mask, boolean causal, double dropout) {
    Tensor scores = q.mul(new Scalar(1 / Math.sqrt(q.size(3)))).matmul(k.transpose(2, 3));
    if (causal) {
      scores = scores.masked_fill(later(q, k), NEVER);
    } else if (mask != null) {
      scores = scores.add(mask);
    }
    return dropout(scores.softmax(-1), dropout).matmul(v);
  }

  /** Adds the gradients of {@code Σ weight · loss}, of one shape, to the leaves of the graph. */
  public static void backward(Tensor loss, Tensor weight) {
    loss.backward(weight, FREE_GRAPH, false, ALL_LEAVES);
  }

  /** Returns the index of each row's largest element, {@code [batch]} for {@code [batch, n]}. */
  public static Tensor argmaxOfRows(Tensor rows) {
    return rows.argmax(new LongOptional(1), false);
  }

  /**
   * Returns whether this is a batch of images in float32, {@code [batch, channels, height, width]}.
   */
  public static boolean isPlainCpuImage(Tensor tensor) {
    return tensor.dim() == 4
        && tensor.is_cpu()
        && tensor.numel() > 0
        && tensor.scalar_type().intern() == ScalarType.Float;
  }

  /** Returns an optional of libtorch, empty for null. */
  public static TensorOptional optional(@Nullable Tensor tensor) {
    return tensor == null ? ABSENT : new TensorOptional(tensor);
  }
}
