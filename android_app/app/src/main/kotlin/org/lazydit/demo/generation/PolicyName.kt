package org.lazydit.demo.generation

import android.content.res.Resources
import org.lazydit.demo.R

fun policyName(
    resources: Resources,
    policy: PolicyChoice,
): String =
    resources.getString(
        when (policy) {
            PolicyChoice.LAZY -> R.string.policy_lazy
            PolicyChoice.ALWAYS -> R.string.policy_always
            PolicyChoice.EVERY_N -> R.string.policy_every_n
            PolicyChoice.SCHEDULE -> R.string.policy_schedule
        },
    )
