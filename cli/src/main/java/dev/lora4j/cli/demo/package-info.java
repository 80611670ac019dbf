/**
 * The run behind {@code lora demo}: a small ConvNet is trained, adapted, fine-tuned on a few
 * classes, saved, merged and unmerged.
 *
 * <p>The <i>base</i> is the trained ConvNet. An <i>output probe</i> compares outputs before and
 * after a change of the network, such as a merge.
 *
 * <pre>{@code
 * try (Demo demo = new Demo(settings, System.out)) {
 *   DemoReport report = demo.run();
 * }
 * }</pre>
 */
@NullMarked
package dev.lora4j.cli.demo;

import org.jspecify.annotations.NullMarked;
