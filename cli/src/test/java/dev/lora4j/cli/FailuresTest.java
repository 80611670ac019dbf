package dev.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class FailuresTest {

  @Test
  void whatTheMachineLacksIsASentence() {
    assertThat(told(new UnsatisfiedLinkError("no jnitorch")))
        .contains("native libraries can't be loaded", "no jnitorch")
        .doesNotContain("bug");
  }

  @Test
  void itIsAlsoWhereAnotherThreadMetItFirst() {
    LinkageError later = new NoClassDefFoundError("Could not initialize class Engine");
    later.initCause(
        new ExceptionInInitializerError(
            "Exception java.lang.UnsatisfiedLinkError: no jnitorch [in thread \"engine-start\"]"));

    assertThat(told(later)).contains("native libraries can't be loaded", "no jnitorch");
  }

  @Test
  void otherClassesThatDoNotFitAreOurMistake() {
    assertThat(told(new NoSuchMethodError("Ops.gone()")))
        .contains("this is a bug", "Ops.gone()", "\tat ")
        .doesNotContain("native");
  }

  private static String told(LinkageError e) {
    StringWriter err = new StringWriter();
    assertThat(Failures.tell(e, new PrintWriter(err, true))).isEqualTo(1);
    return err.toString();
  }
}
