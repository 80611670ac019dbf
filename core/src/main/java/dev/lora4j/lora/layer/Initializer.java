package dev.lora4j.lora.layer;

import dev.lora4j.nn.Init;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.kernel.Ops;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Initialises the A and B of a new delta, which is {@code Standard} so far. */
public final class Initializer {
  private Initializer() {}

  /** Initialises a delta; as in PEFT, some initialisations are for linear layers only. */
  public static void initialize(FactoredDelta delta, Initialization how) {
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      if (how instanceof Initialization.Random) {
        random(delta);
      } else if (how instanceof Initialization.Gaussian) {
        gaussian(delta);
      } else if (delta instanceof LinearDelta linear) {
        initialize(linear, how);
      }
    }
  }

  private static void initialize(LinearDelta delta, Initialization how) {
    if (how instanceof Initialization.Orthogonal) {
      orthogonal(delta);
    } else if (delta instanceof ResidualDelta residual) {
      if (how instanceof Initialization.Pissa pissa) {
        pissa(residual, pissa.iterations());
      } else {
        olora(residual);
      }
      residual.rememberStart();
    }
  }

  /** Initialises A and B as layers of their shapes. */
  private static void random(FactoredDelta delta) {
    if (delta instanceof EmbeddingDelta) {
      delta.factors().values().forEach(p -> p.value().normal_());
      return;
    }
    delta.tensors().values().forEach(p -> p.copyFrom(Init.kaimingUniform(p.shape())));
  }

  private static void gaussian(FactoredDelta delta) {
    Parameter first = delta instanceof EmbeddingDelta embedding ? embedding.b() : delta.a();
    first.copyFrom(Init.normal(0, 1.0 / delta.rank(), first.shape()));
  }

  /** Takes the rows of A and B from halves of one orthogonal basis, so that {@code B A ≈ 0}. */
  private static void orthogonal(LinearDelta delta) {
    long rank = delta.rank();
    Scalar ten = new Scalar(10);
    Tensor basis = torch.linalg_qr(Init.normal(0, 1, rank, rank)).get0();
    Tensor even = basis.view(rank / 2, 2, rank).select(1, 0); // [r/2, r]
    Tensor odd = basis.view(rank / 2, 2, rank).select(1, 1);
    long in = delta.a().shape()[1];
    long out = delta.b().shape()[0];
    delta.a().copyFrom(Init.normal(0, 1, in, rank / 2).mm(even).t().div(ten));
    delta.b().copyFrom(Init.normal(0, 1, rank / 2, out).t().mm(odd).div(ten));
  }

  private static void pissa(ResidualDelta delta, int iterations) {
    Tensor weight = delta.baseMatrix().div(delta.scaling());
    Svd top =
        iterations == 0
            ? Svd.of(weight).top(delta.rank())
            : Svd.nearly(weight, delta.rank(), iterations, Ops.generator());
    Tensor root = top.s().sqrt();
    delta.a().copyFrom(root.unsqueeze(1).mul(top.vt()));
    delta.b().copyFrom(top.u().mul(root));
  }

  private static void olora(ResidualDelta delta) {
    var qr = torch.linalg_qr(delta.baseMatrix());
    delta.a().copyFrom(qr.get1().narrow(0, 0, delta.rank()));
    delta.b().copyFrom(qr.get0().narrow(1, 0, delta.rank()));
  }
}
