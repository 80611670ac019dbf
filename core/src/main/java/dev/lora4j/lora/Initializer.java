package dev.lora4j.lora;

import dev.lora4j.nn.Init;
import dev.lora4j.nn.Ops;
import dev.lora4j.nn.Parameter;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Sets the A and B of a new update; as it is made, they are what {@code Standard} wants. */
final class Initializer {
  private Initializer() {}

  /** Where a beginning is for linear layers only, others begin as {@code Standard}, as in PEFT. */
  static void initialize(Update update, Initialization how) {
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      if (how instanceof Initialization.Random) {
        random(update);
      } else if (how instanceof Initialization.Gaussian) {
        gaussian(update);
      } else if (update instanceof LinearUpdate linear) {
        initialize(linear, how);
      }
    }
  }

  private static void initialize(LinearUpdate update, Initialization how) {
    if (how instanceof Initialization.Orthogonal) {
      orthogonal(update);
    } else if (how instanceof Initialization.Pissa pissa) {
      pissa(update, pissa.iterations());
    } else if (how instanceof Initialization.Olora) {
      olora(update);
    }
  }

  /** Both as a layer of their shape begins. */
  private static void random(Update update) {
    if (update instanceof EmbeddingUpdate) {
      update.factors().values().forEach(p -> p.value().normal_());
      return;
    }
    update.saved().values().forEach(p -> p.copyFrom(Init.kaimingUniform(p.shape())));
  }

  private static void gaussian(Update update) {
    Parameter first = update instanceof EmbeddingUpdate embedding ? embedding.b() : update.a();
    first.copyFrom(Init.normal(0, 1.0 / update.rank(), first.shape()));
  }

  /** B A is about zero since their rows come from different halves of one orthogonal basis. */
  private static void orthogonal(LinearUpdate update) {
    long rank = update.rank();
    Scalar ten = new Scalar(10);
    Tensor basis = torch.linalg_qr(torch.randn(rank, rank)).get0();
    Tensor even = basis.view(rank / 2, 2, rank).select(1, 0); // [r/2, r]
    Tensor odd = basis.view(rank / 2, 2, rank).select(1, 1);
    long in = update.a().shape()[1];
    long out = update.b().shape()[0];
    update.a().copyFrom(torch.randn(in, rank / 2).mm(even).t().div(ten));
    update.b().copyFrom(torch.randn(rank / 2, out).t().mm(odd).div(ten));
  }

  private static void pissa(LinearUpdate update, int iterations) {
    Tensor weight = update.weightAsRows().div(update.scaling());
    Svd top =
        iterations == 0
            ? Svd.of(weight).top(update.rank())
            : Svd.nearly(weight, update.rank(), iterations, Ops.defaultGenerator());
    Tensor root = top.s().sqrt();
    update.a().copyFrom(root.unsqueeze(1).mul(top.vt()));
    update.b().copyFrom(top.u().mul(root));
    update.takeFromBase();
  }

  private static void olora(LinearUpdate update) {
    var qr = torch.linalg_qr(update.weightAsRows());
    update.a().copyFrom(qr.get1().narrow(0, 0, update.rank()));
    update.b().copyFrom(qr.get0().narrow(1, 0, update.rank()));
    update.takeFromBase();
  }
}
